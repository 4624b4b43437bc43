"""Jobs, attempts and their worker processes."""
