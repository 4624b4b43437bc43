"""How fast the engine lands rows, beside DuckDB's bare copy: part of `make bench`."""
