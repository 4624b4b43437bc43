"""What tests of the library share. It needs Airflow's environment; the rest of `testing` does not."""
