"""Tables: DuckDB with DuckLake, the storage of the sources, writing and letting go."""
