"""The process that runs one attempt: `python -m embedded.airbyte.worker`, its order on stdin."""
