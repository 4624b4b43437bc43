"""Metrics of the platform: counted in PostgreSQL, gathered from each service, shown to Prometheus."""
