"""What `embedded.cli` does: `running` needs the standard library only, `starting` the whole environment."""
