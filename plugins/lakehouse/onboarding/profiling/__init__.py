"""Looking at a source: its tables, types, keys and cursors, as `profile` describes them."""
