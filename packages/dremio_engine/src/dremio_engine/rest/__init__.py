"""The REST protocol on port 9047."""
