"""The embedded engine: Dremio's REST and Arrow Flight protocols on DuckDB and DuckLake.

It is not Dremio. It answers the unmodified clients of Dremio (dbt-dremio, sqlalchemy-dremio,
pyarrow.flight, curl) as Dremio would, as far as this platform's clients can tell, and refuses
by name what it does not do.
"""
