"""`bin/why-stale`: the first hop between a source and a dashboard that has not passed on a date's data."""
