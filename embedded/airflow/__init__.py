"""Airflow as a service of the platform."""
