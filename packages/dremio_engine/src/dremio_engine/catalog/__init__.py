"""What the engine knows: sources, spaces, folders, views, promoted datasets, tables, and notes on them."""
