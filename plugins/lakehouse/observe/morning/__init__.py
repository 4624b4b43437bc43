"""The morning's message: the night is green, or what is left failed and what to type."""
