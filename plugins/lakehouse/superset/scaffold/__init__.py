"""Writes datasets, charts and dashboards as code from what the dbt project says of a gold table.

What it writes is what Superset's export of the same chart would hold, so it can be edited there and exported
over it. Nothing has to run for it, and the table need not exist yet.
"""
