"""Logs that one can search: read where they are written, shipped to Elasticsearch and to the lake."""
