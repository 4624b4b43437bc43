"""The Airflow connections of a business in airflow_settings.yaml, put in as text: its comments stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

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
    return "\n".join([*lines, *_extra(business, source)]) + "\n"


def _extra(business: str, source: Source) -> list[str]:
    """The lines that make Airflow's own sessions look at the server's certificate, as Airbyte does."""
    words = source.settings.get("ssl_files") or []
    if not words:
        return []
    files = [f"        {word}: ${{{variable(business, f'PG_{word}')}}}" for word in words]
    return ["      conn_extra:", f"        sslmode: {source.settings['ssl_mode']}", *files]


def settings_change(blueprint: Blueprint, root: Path) -> FileChange | None:
    """The settings file with an entry for each source, and its certificates; None if it has them.

    Raises:
        BlueprintError: the file is not as expected, or a variable of a new entry is already another's.
    """
    before = (root / SETTINGS).read_text(encoding="utf-8")
    entries = {str(each["conn_id"]): each for each in _connections(before)}
    held = set(entries)
    wanted = {airflow_connection(blueprint.business, source): source for source in blueprint.sources}
    missing = [entry(blueprint.business, source) for name, source in wanted.items() if name not in held]
    after = _inserted(before, missing) if missing else before
    for name in held & set(wanted):
        lines = _extra(blueprint.business, wanted[name])
        extra = (yaml.safe_load("\n".join(lines)) or {}).get("conn_extra") if lines else None
        if wanted[name].kind == "postgres" and extra != _ssl_of(entries[name]):
            after = _with_extra(after, name, lines)
    if after == before:
        return None
    expected = held | set(wanted)
    if {str(each["conn_id"]) for each in _connections(after)} != expected:
        raise BlueprintError(
            f"{SETTINGS}: the list `connections` is not in the form expected: add\n{''.join(missing)}"
        )
    return FileChange(SETTINGS, before, after)


def _ssl_of(held: Mapping[str, Any]) -> Any:
    """The entry's extra, if it is about TLS."""
    extra = held.get("conn_extra")
    return extra if isinstance(extra, Mapping) and any(name.startswith("ssl") for name in extra) else None


def _with_extra(text: str, conn_id: str, extra: Sequence[str]) -> str:
    """The file with these lines as the entry's conn_extra, in the place of those it has."""
    entries = _value(_value(yaml.compose(text), "airflow"), "connections")
    found = [each for each in getattr(entries, "value", ()) if _scalar(each, "conn_id") == conn_id]
    if len(found) != 1 or not isinstance(found[0], yaml.MappingNode):
        raise BlueprintError(f"{SETTINGS}: give {conn_id} these lines by hand:\n" + "\n".join(extra))
    lines = text.splitlines(keepends=True)
    first = at = _last_line(found[0]) + 1
    for key, value in found[0].value:
        if key.value == "conn_extra":
            first, at = key.start_mark.line, _last_line(value) + 1
            if any(not name.value.startswith("ssl") for name, _ in getattr(value, "value", ())):
                raise BlueprintError(
                    f"{SETTINGS}: {conn_id} has a conn_extra of your own: give it these lines by hand:\n"
                    + "\n".join(extra)
                )
    return "".join([*lines[:first], *(f"{line}\n" for line in extra), *lines[at:]])


def _scalar(node: yaml.Node, key: str) -> str:
    value = _value(node, key)
    return str(value.value) if isinstance(value, yaml.ScalarNode) else ""


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
    lines = text.splitlines(keepends=True)
    at = _last_line(node) + 1
    return "".join([*lines[:at], *("\n" + each for each in entries), *lines[at:]])


def _last_line(node: yaml.Node) -> int:
    """The line on which the node's last value stands: the end of a block is behind comments that follow."""
    while isinstance(node, yaml.SequenceNode | yaml.MappingNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return int(node.end_mark.line)


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value
    return None
