"""Airbyte: syncs that are adopted rather than doubled, and connections kept as code."""
