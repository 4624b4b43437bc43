"""What happened and what hangs on what, read from PostgreSQL and from the repository's own files."""
