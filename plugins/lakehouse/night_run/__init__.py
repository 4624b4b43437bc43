"""`python -m lakehouse.night_run DATE`: start a date's night on a running Airflow and follow it."""
