"""Superset as a service of the platform."""
