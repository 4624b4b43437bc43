"""Whether every variable of a business's Airflow connections has a value, and what the values are."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.onboarding.checking.finding import Finding, differs, fits
from lakehouse.onboarding.writing.env_file import env_path, read_values
from lakehouse.onboarding.writing.settings_file import SETTINGS
from lakehouse.platform.yaml_files import parse_yaml

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}")
_PLATFORM: Final = ".local/envs/embedded/bin/python"
_PLATFORM_SECONDS: Final = 60


def check_variables(
    connections: Sequence[ConnectionFile], values: Mapping[str, str], root: Path
) -> Iterator[Finding]:
    """Which Airflow connections or variables are missing; one line if none are."""
    asked: set[str] = set()
    for conn_id in dict.fromkeys(each.source.airflow_connection for each in connections):
        if values.get(f"AIRFLOW_CONN_{conn_id.upper()}"):
            continue
        entry = _entry(conn_id, root)
        if entry is None:
            yield differs(
                "variables",
                f"{SETTINGS} has no connection {conn_id}",
                f"bin/source add {connections[0].business}, or export AIRFLOW_CONN_{conn_id.upper()}",
            )
            continue
        asked |= _without_default(entry)
    missing = sorted(name for name in asked if not values.get(name))
    if missing:
        yield differs(
            "variables", f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} no value",
            f"set them in {env_path(root).name}, as NAME=value",
        )  # fmt: skip
    elif asked:
        yield fits("variables", f"{len(asked)} of {SETTINGS} have a value")


def known_values(connections: Sequence[ConnectionFile], root: Path) -> dict[str, str]:
    """`.env`, the shell, and, where that is not enough, what the embedded platform gives its services."""
    values = read_values(root)
    asked = {
        name
        for each in connections
        for name in _without_default(_entry(each.source.airflow_connection, root) or {})
    }
    if all(values.get(name) for name in asked) or not (root / _PLATFORM).exists():
        return values
    try:
        printed = subprocess.run(
            [str(root / _PLATFORM), "-m", "embedded.cli", "env"],
            cwd=root, capture_output=True, text=True, timeout=_PLATFORM_SECONDS, check=False,
        ).stdout  # fmt: skip
    except subprocess.TimeoutExpired:
        return values
    platform = dotenv_values(stream=io.StringIO(printed), interpolate=False)
    return {name: value for name, value in platform.items() if value} | values


def _entry(conn_id: str, root: Path) -> dict[str, Any] | None:
    document = parse_yaml((root / SETTINGS).read_text(encoding="utf-8"))
    declared = (document.get("airflow") or {}).get("connections") or []
    return next((each for each in declared if each["conn_id"] == conn_id), None)


def _without_default(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set().union(*map(_without_default, node.values())) if node else set()
    return {name for name, default in _PLACEHOLDER.findall(str(node)) if not default}
