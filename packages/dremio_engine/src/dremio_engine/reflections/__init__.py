"""Reflections: their definitions, what they keep, and the queries they answer."""
