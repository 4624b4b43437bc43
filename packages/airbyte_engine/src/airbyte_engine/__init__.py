"""Airbyte's public API and a part of its Config API, running real syncs without Docker.

api/     the two APIs, as the clients on the wire know them
store/   what is kept in the platform's PostgreSQL: actors, connections, jobs, attempts, state
sync/    jobs into attempts, attempts into worker processes, cancel, retry, restart
worker/  one process per attempt: reads the source, writes the S3 landing, reports
"""
