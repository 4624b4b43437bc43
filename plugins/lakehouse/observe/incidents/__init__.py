"""One incident per cause: what failed, is late or is silent, told once, with the command that fixes it."""
