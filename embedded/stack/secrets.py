"""Passwords and keys of this platform: generated once, kept in a file of mode 600."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from embedded.errors import PlatformError
from embedded.stack.private_files import write_private


class SecretsError(PlatformError):
    """The state holds data whose passwords are gone."""


def load_or_create(path: Path, generators: Mapping[str, Callable[[], str]], guarded: Path) -> dict[str, str]:
    """All secrets, generating those that are missing.

    Raises SecretsError when `guarded` (data only these secrets open) exists but the file does not.
    """
    known = read(path) if path.exists() else {}
    if not known and guarded.exists():
        raise SecretsError(
            f"{path} is missing but {guarded} was made with its passwords: "
            "put the file back, or run `make reset` to start from scratch"
        )
    if generators.keys() - known.keys():
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            # Another command may have made them meanwhile: both must go on with the same ones.
            known = read(path) if path.exists() else {}
            known |= {name: make() for name, make in generators.items() if name not in known}
            _write(path, known)
    return known


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While this lasts, other commands that make secrets in the folder wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _write(path: Path, values: Mapping[str, str]) -> None:
    heading = "# Generated once by the stack; the data beside it opens with these only.\n"
    write_private(
        path, heading + "".join(f"{name}={value}\n" for name, value in values.items()), durable=True
    )
