"""What Dremio does not take though the parser or DuckDB would, and how an error says it."""
