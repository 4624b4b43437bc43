"""What the engine knows of sources, spaces, folders, views and tables, and what a name means."""
