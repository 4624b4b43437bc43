"""Superset, the presentation layer: dashboards as code imported, dashboards warmed and proven warm."""
