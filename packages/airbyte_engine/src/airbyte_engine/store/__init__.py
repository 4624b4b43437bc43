"""Configuration, jobs and state in the platform database."""
