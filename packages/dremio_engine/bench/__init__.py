"""How fast the engine is, beside DuckDB itself and a bare Flight server: part of `make bench`."""
