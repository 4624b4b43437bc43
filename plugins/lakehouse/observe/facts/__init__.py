"""What happened and what hangs on what, read in one place: nights, lineage, freshness."""
