"""The project's own Dremio SQL, and what the embedded engine's gate says of it: `make lint` runs it."""
