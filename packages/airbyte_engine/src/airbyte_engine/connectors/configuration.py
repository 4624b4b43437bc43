"""Configurations of every connector: what they lack, and what in them is hidden."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

from airbyte_engine.connectors.connector import Configuration, Connector
from airbyte_engine.problems import invalid

MASK: Final = "**********"
"""What the API shows in place of a secret, and takes as 'unchanged'."""


def check_configuration(connector: Connector, configuration: Configuration) -> None:
    """Raises Problem 422 that names what is missing or not supported."""
    if missing := [name for name in connector.required if configuration.get(name) in (None, "")]:
        raise invalid(f"The {connector.name} configuration lacks {', '.join(missing)}.")
    connector.check(configuration)


def masked(connector: Connector, configuration: Configuration) -> dict[str, Any]:
    """The configuration with its secrets hidden."""
    return _masked(configuration, connector.secrets, "")


def _masked(settings: Mapping[str, Any], secrets: Set[str], within: str) -> dict[str, Any]:
    hidden: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            hidden[name] = _masked(value, secrets, f"{within}{name}.")
        else:
            hidden[name] = MASK if value and f"{within}{name}" in secrets else value
    return hidden


def unmasked(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The new configuration; a secret sent as its mask keeps its old value."""
    kept: dict[str, Any] = {}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, Mapping):
            kept[name] = unmasked(value, before if isinstance(before, Mapping) else {})
        else:
            kept[name] = before if value == MASK else value
    return kept


def secret_values(connector: Connector, configuration: Configuration) -> list[str]:
    """What must not stand in a log, longest first: one secret may be a part of another."""
    values = {str(value) for name in connector.secrets if (value := _setting(configuration, name))}
    return sorted(values, key=len, reverse=True)


def _setting(configuration: Configuration, path: str) -> Any:
    value: Any = configuration
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
