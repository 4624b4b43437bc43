"""From Dremio's SQL to DuckDB's."""
