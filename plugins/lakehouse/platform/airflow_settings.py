"""From `airflow_settings.yaml` to what an Airflow understands.

The file is the Astro CLI's format, which plain Airflow cannot read. Run
`python -m lakehouse.platform.airflow_settings --help`; every command prints, `apply` writes pools into
Airflow's metadata database through `airflow pools import`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

SETTINGS_FILE: Final = Path(__file__).resolve().parents[3] / "airflow_settings.yaml"

_PLACEHOLDER: Final = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_KEYS: Final = {"connections": "conn_id", "pools": "pool_name", "variables": "variable_name"}
_APPLY_SECONDS: Final = 120
_LAST_PORT: Final = 65535


class SettingsError(Exception):
    """The settings file cannot be turned into Airflow's settings; the message says what to fix."""


def load_settings(
    path: Path = SETTINGS_FILE,
    environment: Mapping[str, str] | None = None,
    leave_out: Callable[[str, str], None] | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """The file's `connections`, `pools` and `variables`, every placeholder filled from the environment.

    Args:
        path: the settings file.
        environment: the variables; those of this process by default.
        leave_out: called with the id of each connection that cannot be made, and why (`unusable`); the
            connection is left out. Without it such a connection is an error.

    Raises:
        SettingsError: the file is missing or malformed, or a variable without a default is not set.
    """
    values = os.environ if environment is None else environment
    sections = read_sections(path)
    if leave_out is not None:
        reasons = unusable(sections["connections"], values)
        for conn_id, why in reasons.items():
            leave_out(conn_id, why)
        sections["connections"] = [
            entry for entry in sections["connections"] if entry["conn_id"] not in reasons
        ]
    filled: dict[str, list[dict[str, Any]]] = fill(sections, values)
    return filled


def read_sections(path: Path = SETTINGS_FILE) -> dict[str, list[dict[str, Any]]]:
    """The file's `connections`, `pools` and `variables` as they are written.

    Raises:
        SettingsError: the file is missing or malformed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}") from error
    return parse_sections(text, path.name)


def parse_sections(text: str, name: str) -> dict[str, list[dict[str, Any]]]:
    """As `read_sections`, from a text; `name` is its file's in the error."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{name} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not isinstance(document.get("airflow"), dict):
        raise SettingsError(f"{name} has no section `airflow`")
    sections = {
        section: document["airflow"].get(section) or [] for section in ("connections", "pools", "variables")
    }
    for section, entries in sections.items():
        key = _KEYS[section]
        wrong = not isinstance(entries, list) or [
            e for e in entries if not isinstance(e, dict) or not e.get(key)
        ]
        if wrong:
            raise SettingsError(f"{name}: every entry of `{section}` needs a `{key}`")
    return sections


def placeholders(node: Any) -> dict[str, str | None]:
    """The variables that a part of the file asks for, in its order, each with its default or None."""
    if isinstance(node, dict | list):
        parts = node.values() if isinstance(node, dict) else node
        return {name: default for part in parts for name, default in placeholders(part).items()}
    found = _PLACEHOLDER.finditer(node) if isinstance(node, str) else ()
    return {match["name"]: match["default"] for match in found}


def incomplete(
    entries: Sequence[Mapping[str, Any]], environment: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """The connections that cannot be filled, by id, each with the variables that have no value."""
    found = {}
    for entry in entries:
        missing: set[str] = set()
        _fill(dict(entry), environment, missing)
        if missing:
            found[str(entry["conn_id"])] = tuple(sorted(missing))
    return found


def unusable(entries: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> dict[str, str]:
    """The connections that cannot be loaded, by id, each with why. The others can still be loaded."""
    reasons = {
        conn_id: f"{', '.join(names)} {'has no value' if len(names) == 1 else 'have no values'}"
        for conn_id, names in incomplete(entries, environment).items()
    }
    for entry in entries:
        if (conn_id := str(entry["conn_id"])) not in reasons:
            try:
                _port(fill(entry, environment))
            except SettingsError as error:
                reasons[conn_id] = str(error)
    return reasons


def fill(node: Any, environment: Mapping[str, str]) -> Any:
    """A part of the file with every placeholder filled.

    Raises:
        SettingsError: a variable without a default is not set.
    """
    missing: set[str] = set()
    filled = _fill(node, environment, missing)
    if missing:
        raise SettingsError(
            f"{SETTINGS_FILE.name} needs environment variables that are not set: {', '.join(sorted(missing))}"
        )
    return filled


def _fill(node: Any, environment: Mapping[str, str], missing: set[str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, environment, missing) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, environment, missing) for value in node]
    if not isinstance(node, str):
        return node

    def value_of(placeholder: re.Match[str]) -> str:
        name, default = placeholder["name"], placeholder["default"]
        value = environment.get(name) or default
        if value is None:
            missing.add(name)
        return value or ""

    return _PLACEHOLDER.sub(value_of, node)


def connections(settings: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any] | str]:
    """Connections by id, in the form of `airflow connections import`: fields, or a URI where one is given.

    Raises:
        SettingsError: a port is not a valid port number.
    """
    converted: dict[str, dict[str, Any] | str] = {}
    for entry in settings["connections"]:
        if "conn_uri" in entry:
            converted[entry["conn_id"]] = entry["conn_uri"]
            continue
        fields = {
            key: entry.get(f"conn_{key}") for key in ("host", "schema", "login", "password", "port", "extra")
        }
        connection = {"conn_type": entry["conn_type"]} | {
            k: v for k, v in fields.items() if v not in (None, "")
        }
        if (port := _port(entry)) is not None:
            connection["port"] = port
        converted[entry["conn_id"]] = connection
    return converted


def _port(entry: Mapping[str, Any]) -> int | None:
    """The port of a filled connection. Raises SettingsError when it is not a whole number up to 65535."""
    given = entry.get("conn_port")
    if given in (None, ""):
        return None
    try:
        port = int(given)
    except (TypeError, ValueError):
        port = -1
    if not 0 < port <= _LAST_PORT:
        raise SettingsError(
            f"the port of {entry['conn_id']} is not a number from 1 to {_LAST_PORT}: {given!r}"
        )
    return port


def pools(settings: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Pools by name, in the form of `airflow pools import`."""
    return {
        entry["pool_name"]: {
            "slots": int(entry["pool_slot"]),
            "description": entry.get("pool_description", ""),
            "include_deferred": bool(entry.get("pool_include_deferred", False)),
        }
        for entry in settings["pools"]
    }


def variables(settings: Mapping[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Variables by name, in the form of `airflow variables import`."""
    return {entry["variable_name"]: entry["variable_value"] for entry in settings["variables"]}


def environment_lines(settings: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """One `AIRFLOW_CONN_<ID>=<json or URI>` or `AIRFLOW_VAR_<NAME>=<value>` per line; pools have none."""
    named = {f"AIRFLOW_CONN_{name.upper()}": value for name, value in connections(settings).items()} | {
        f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables(settings).items()
    }
    return [
        f"{name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in named.items()
    ]


def apply(settings: Mapping[str, list[dict[str, Any]]]) -> str:
    """Create or update the pools in the metadata database of the Airflow of this environment.

    Raises:
        SettingsError: Airflow refused; the message carries its own last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pools.json"
        path.write_text(json.dumps(pools(settings)), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "pools", "import", str(path)],
            capture_output=True,
            text=True,
            timeout=_APPLY_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise SettingsError(f"airflow pools import failed: {words[-1] if words else 'no output'}")
    return f"pools: {', '.join(pools(settings))}"


def _json(convert: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], str]:
    return lambda settings: json.dumps(convert(settings), indent=2)


COMMANDS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "environment": lambda settings: "\n".join(environment_lines(settings)),
    "connections": _json(connections),
    "pools": _json(pools),
    "variables": _json(variables),
    "apply": apply,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 and one line on stderr if the settings cannot be converted."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.platform.airflow_settings", description=__doc__
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--settings", type=Path, default=SETTINGS_FILE, help="the file to convert")
    parser.add_argument("--file", type=Path, help="write there instead of to standard output (mode 600)")
    parser.add_argument(
        "--leave-out-incomplete",
        action="store_true",
        help="leave out a connection whose values are missing or wrong, and name it on standard error",
    )
    options = parser.parse_args(arguments)
    leave_out = _tell_left_out if options.leave_out_incomplete else None
    try:
        text = COMMANDS[options.command](load_settings(options.settings, leave_out=leave_out))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    if options.file is None:
        print(text)
    else:
        options.file.touch(mode=0o600)
        options.file.write_text(text + "\n", encoding="utf-8")
    return 0


def _tell_left_out(conn_id: str, why: str) -> None:
    print(f"{conn_id}: {why}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
