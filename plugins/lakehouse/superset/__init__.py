"""Superset, the presentation layer: dashboards as code imported, dashboards warmed and proven warm.

The same modules as in `airbyte` and `dremio`, but no `triggers`: Superset runs no jobs that could be
followed. An import and a warm-up are answered by the request itself.
"""
