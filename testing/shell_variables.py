"""What `make env` prints, read as a shell reads it."""

from __future__ import annotations

import shlex


def read_shell_variables(text: str) -> dict[str, str]:
    """The values of KEY=VALUE lines by name, unquoted."""
    return dict(word.split("=", 1) for word in shlex.split(text))
