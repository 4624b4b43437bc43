"""Whether Airbyte holds what the business's files declare, as `bin/airbyte diff` tells it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.onboarding.checking.finding import Finding, differs, fits, unknown

_SECONDS: Final = 120
_LEFT_OUT: Final = "left_out"
_EMBEDDED: Final = ".local/envs/embedded"


def check_airbyte(connections: Sequence[ConnectionFile], root: Path) -> Iterator[Finding]:
    """What differs on the server; one line if nothing does, or if it cannot be asked."""
    embedded = (root / _EMBEDDED).exists()
    command = ["bin/airbyte"] if embedded else [sys.executable, "-m", "lakehouse.airbyte"]
    try:
        done = subprocess.run(
            [*command, "diff"], cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        yield unknown("Airbyte", f"it did not answer within {_SECONDS} seconds", "bin/airbyte diff")
        return
    names = {name for each in connections for name in (each.name, each.source.name)}
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    ours = [line for line in lines if len(line) == 3 and line[2].split(maxsplit=1)[0].rstrip(":") in names]
    if done.returncode not in (0, 1) or not ours:
        words = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        start = (
            "make up starts the embedded one" if embedded else "see the Airflow connection airbyte_default"
        )
        yield unknown("Airbyte", f"it cannot be asked: {words.removeprefix('error: ')}", start)
        return
    changed = [line for line in ours if line[0] != "unchanged"]
    for action, kind, rest in changed:
        remedy = "give it its values, then make up" if action == _LEFT_OUT else "bin/airbyte apply"
        yield differs("Airbyte", f"{action.replace('_', ' ')}: {kind} {rest}", remedy)
    if not changed:
        yield fits("Airbyte", f"holds its {len(connections)} connections as declared")
