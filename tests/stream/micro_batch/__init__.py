"""One micro-batch against the real services: its account, its steps, its bronze files."""
