"""PostgreSQL from a PyPI wheel's binaries: the metadata of every service, and the shop's database."""
