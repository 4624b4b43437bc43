"""Types: how Dremio writes them, what expressions have, what clients receive."""
