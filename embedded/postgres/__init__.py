"""PostgreSQL from the binaries of a PyPI wheel: the metadata of every service, and the shop's database."""
