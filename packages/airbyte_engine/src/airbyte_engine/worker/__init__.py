"""The process that runs one attempt: `python -m airbyte_engine.worker`, its order on stdin."""
