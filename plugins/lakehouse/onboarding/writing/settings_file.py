"""The Airflow connections of a business in airflow_settings.yaml, put in as text: its comments stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import yaml

from lakehouse.onboarding.writing.blueprint import Blueprint, BlueprintError, Source
from lakehouse.onboarding.writing.naming import airflow_connection, variable
from lakehouse.onboarding.writing.plan import FileChange

SETTINGS: Final = "airflow_settings.yaml"


def entry(business: str, source: Source) -> str:
    """The connection of a source, as lines of the settings file; it has placeholders only."""
    conn_id = airflow_connection(business, source)
    if source.kind == "files":
        fields = {"conn_uri": "FILES_URI"}
    elif source.kind == "rest":
        fields = {"conn_type": "http", "conn_host": "API_URL"}
        if source.settings.get("has_token"):
            fields |= {"conn_password": "API_TOKEN"}
    else:
        fields = {"conn_type": "postgres", "conn_host": "PG_HOST", "conn_port": "PG_PORT"}
        fields |= {"conn_schema": "PG_DATABASE", "conn_login": "PG_USER", "conn_password": "PG_PASSWORD"}
    lines = [f"    - conn_id: {conn_id}"]
    for key, value in fields.items():
        shown = value if key == "conn_type" else "${" + variable(business, value) + "}"
        lines.append(f"      {key}: {shown}")
    return "\n".join(lines) + "\n"


def settings_change(blueprint: Blueprint, root: Path) -> FileChange | None:
    """The settings file with an entry for each source; None if it has them.

    Raises:
        BlueprintError: the file is not as expected, or a variable of a new entry is already another's.
    """
    before = (root / SETTINGS).read_text(encoding="utf-8")
    held = {str(each["conn_id"]) for each in _connections(before)}
    wanted = {airflow_connection(blueprint.business, source): source for source in blueprint.sources}
    missing = [entry(blueprint.business, source) for name, source in wanted.items() if name not in held]
    if not missing:
        return None
    after = _inserted(before, missing)
    expected = held | set(wanted)
    if {str(each["conn_id"]) for each in _connections(after)} != expected:
        raise BlueprintError(
            f"{SETTINGS}: the list `connections` is not in the form expected: add\n{''.join(missing)}"
        )
    return FileChange(SETTINGS, before, after)


def _connections(text: str) -> Sequence[dict[str, object]]:
    try:
        return (yaml.safe_load(text)["airflow"] or {}).get("connections") or []
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BlueprintError(f"{SETTINGS} cannot be read: {error}") from error


def _inserted(text: str, entries: Sequence[str]) -> str:
    """The entries behind the line on which the last connection ends, by the places that the parser gives."""
    airflow = _value(yaml.compose(text), "airflow")
    node: yaml.Node | None = _value(airflow, "connections")
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise BlueprintError(f"{SETTINGS} has no list `connections`")
    while isinstance(node, yaml.SequenceNode | yaml.MappingNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    if node is None:
        raise BlueprintError(f"{SETTINGS} has no list `connections`")
    lines = text.splitlines(keepends=True)
    at = node.end_mark.line + 1
    return "".join([*lines[:at], *("\n" + each for each in entries), *lines[at:]])


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value
    return None
