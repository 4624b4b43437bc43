"""Reflections: definitions, materialisations, status."""
