"""The account that PostgreSQL runs as when the caller is root, which it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.postgres.identity import find_identity

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root needs another account")


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every account may enter: those of pytest are their owner's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def test_it_reads_beside_a_binary_in_a_home_that_only_root_may_enter(open_to_all: Path) -> None:
    """The binary starts there in any case; without its libraries it would not run."""
    home = open_to_all / "home"
    home.mkdir(mode=0o700)
    binary = Path(shutil.copy(shutil.which("true") or "/bin/true", home))
    identity = find_identity(binary, open_to_all)
    assert identity.uid != 0
    assert (
        subprocess.run([*identity.prefix, "cat", str(binary)], capture_output=True, check=False).returncode
        == 0
    )


def test_it_has_no_right_of_root_where_it_needs_none(open_to_all: Path) -> None:
    binary = Path(shutil.copy(shutil.which("true") or "/bin/true", open_to_all))
    identity = find_identity(binary, open_to_all)
    status = subprocess.run(
        [*identity.prefix, "cat", "/proc/self/status"], capture_output=True, text=True, check=True
    ).stdout
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    assert int(effective, 16) == 0
