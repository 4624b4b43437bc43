"""Retention: what is old enough to go, what it would free, and how it goes without anything missing it."""
