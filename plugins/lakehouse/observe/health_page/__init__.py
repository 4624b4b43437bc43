"""The page "Pipeline health" inside Airflow: tonight, syncs, storage, queries, data age, incidents."""
