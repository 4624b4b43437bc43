"""The dbt project as tasks of the night: one group of tasks per layer, run by dbt in its own environment."""
