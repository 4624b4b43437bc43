"""Dremio over REST: SQL jobs, the catalog, reflections. Whatever speaks Dremio's protocol will do."""
