"""PostgreSQL from a PyPI wheel's binaries: the metadata of every service, and a database to extract from."""
