"""What this platform adds to Superset, imported by superset_config.py in Superset's own environment."""
