"""What `bin/source add` asks, proposes and renders."""
