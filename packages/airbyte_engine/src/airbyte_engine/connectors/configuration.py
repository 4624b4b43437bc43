"""Configurations of every connector: what they lack, and what in them is hidden."""

from __future__ import annotations

from collections.abc import Mapping
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
    secrets = connector.secrets
    return {name: MASK if name in secrets and value else value for name, value in configuration.items()}


def unmasked(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The new configuration; a secret sent as its mask keeps its old value."""
    return {name: old.get(name) if value == MASK else value for name, value in new.items()}


def secret_values(connector: Connector, configuration: Configuration) -> list[str]:
    """What must not stand in a log, longest first: one secret may be a part of another."""
    values = {str(configuration[name]) for name in connector.secrets if configuration.get(name)}
    return sorted(values, key=len, reverse=True)
