"""What differs between what the files want and what the server holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MASK = "***"
"""Airbyte answers secrets as a row of asterisks: a masked value cannot be compared with it."""


def differences(desired: Any, held: Any, path: str = "") -> list[str]:
    """Paths of the desired values that the server does not hold; what it holds beyond them does not matter.

    Values are not in the answer, for they may be secrets. Lists of named items (streams) are
    compared by name. Secrets, which the server hides, are not in it: see `masked`.
    """
    if isinstance(desired, Mapping):
        if not isinstance(held, Mapping):
            return [path]
        return [
            found
            for key, value in desired.items()
            for found in differences(value, held.get(key), f"{path}.{key}" if path else str(key))
        ]
    if isinstance(desired, list) and _are_named(desired) and isinstance(held, list) and _are_named(held):
        desired_by_name = {item["name"]: item for item in desired}
        held_by_name = {item["name"]: item for item in held}
        extra = [f"{path}.{name}" for name in held_by_name if name not in desired_by_name]
        return extra + differences(desired_by_name, held_by_name, path)
    if isinstance(held, str) and held.startswith(_MASK):
        return []
    return [] if desired == held else [path]


def masked(desired: Any, held: Any, path: str = "") -> dict[str, Any]:
    """The desired values, by path, of which the server shows asterisks only: the secrets."""
    if isinstance(desired, Mapping) and isinstance(held, Mapping):
        return {
            name: value
            for key, wanted in desired.items()
            for name, value in masked(wanted, held.get(key), f"{path}.{key}" if path else str(key)).items()
        }
    return {path: desired} if isinstance(held, str) and held.startswith(_MASK) else {}


def _are_named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, Mapping) and "name" in item for item in items)
