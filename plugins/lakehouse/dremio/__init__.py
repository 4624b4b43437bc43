"""Dremio over REST: SQL jobs, the catalogue, reflections. Whatever speaks Dremio's protocol will do."""
