"""What Airflow has lost or left standing is found, repaired where a rule says so, and told."""
