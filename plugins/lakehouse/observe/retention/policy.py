"""The policy: include/observe/retention.yaml, checked before anything is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE
from lakehouse.stream.plan import HOT_DAYS

POLICY: Final = INCLUDE / "observe" / "retention.yaml"
KINDS: Final = (
    "landing",
    "bronze",
    "quarantine",
    "stream",
    "logs",
    "log_indices",
    "receipts",
    "tables",
    "snapshots",
    "airflow_database",
    "scratch",
)
"""In the order in which they are tidied. Landing goes before bronze is compressed again: a date without
landing is never built again."""
AUDIT_DAYS: Final = 90
"""SPEC.md section 9: queries and user actions are kept for 90 days."""
LONGEST_DAYS: Final = 36_500


class RetentionPolicyError(PermanentError):
    """The policy does not say what it must; nothing was looked at and nothing was deleted."""


@dataclass(frozen=True)
class Keep:
    """How long one kind of thing is kept."""

    days: int
    keep_newest: int = 0


@dataclass(frozen=True)
class Policy:
    """The whole file."""

    landing: Keep
    recompress_after_days: int
    quarantine: Keep
    stream: Keep
    """Landing of the stream, and its tracers."""
    snapshots: Keep
    logs: Mapping[str, Keep]
    """By service."""
    receipts: Keep
    airflow_database: Keep
    scratch: Keep
    tables: Mapping[str, Keep]
    """By table of the platform's PostgreSQL."""


_LEAST_DAYS: Final[Mapping[str, int]] = {
    "landing": 7,
    "bronze": 7,
    "quarantine": 7,
    "stream": HOT_DAYS + 1,
    "snapshots": 1,
    "logs": 1,
    "receipts": 30,
    "airflow_database": 7,
    "scratch": 1,
    "tables": 1,
}
"""Below these a rerun, a query or a person still needs what would go: a landing object waits a night for its
claim and a week for whoever replays; the hot tables are rebuilt from all the days that they hold; a run may
last six hours; the forecast wants a month of nights."""
_LEAST_NEWEST: Final[Mapping[str, int]] = {"landing": 1, "quarantine": 0, "snapshots": 1, "receipts": 7}
_SECTIONS: Final = tuple(_LEAST_DAYS)


def load_policy(path: Path = POLICY) -> Policy:
    """The policy of the file.

    Raises:
        RetentionPolicyError: it cannot be read, or a section is missing, unknown, or its value is not a
            number of days, or too small a one. The message names the section, the value and what is allowed.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RetentionPolicyError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, Mapping):
        raise RetentionPolicyError(f"{path.name} has no sections; there must be: {', '.join(_SECTIONS)}")
    _check_keys(path.name, document, _SECTIONS)
    bronze = _mapping("bronze", document["bronze"])
    _check_keys("bronze", bronze, ("recompress_after_days",))
    policy = Policy(
        landing=_keep("landing", document["landing"]),
        recompress_after_days=_number(
            "bronze.recompress_after_days", bronze["recompress_after_days"], _LEAST_DAYS["bronze"]
        ),
        quarantine=_keep("quarantine", document["quarantine"]),
        stream=_keep("stream", document["stream"]),
        snapshots=_keep("snapshots", document["snapshots"]),
        logs=_each("logs", document["logs"]),
        receipts=_keep("receipts", document["receipts"]),
        airflow_database=_keep("airflow_database", document["airflow_database"]),
        scratch=_keep("scratch", document["scratch"]),
        tables=_each("tables", document["tables"]),
    )
    if policy.quarantine.days < policy.landing.days:
        raise RetentionPolicyError(
            f"quarantine.days is {policy.quarantine.days}, less than landing.days ({policy.landing.days}): "
            "a replay would bring the rows back; make it at least as long"
        )
    if "audit" in policy.logs and policy.logs["audit"].days < AUDIT_DAYS:
        raise RetentionPolicyError(
            f"logs.audit.days is {policy.logs['audit'].days}; the audit log is kept for {AUDIT_DAYS} days"
        )
    return policy


def _each(section: str, value: Any) -> dict[str, Keep]:
    return {
        str(name): _keep(section, keep, f"{section}.{name}")
        for name, keep in _mapping(section, value).items()
    }


def _keep(section: str, value: Any, where: str | None = None) -> Keep:
    place = where or section
    fields = _mapping(place, value)
    if unknown := set(fields) - {"days", "keep_newest"}:
        raise RetentionPolicyError(f"{place} has unknown settings: {', '.join(sorted(map(str, unknown)))}")
    if "days" not in fields:
        raise RetentionPolicyError(f"{place} does not say for how many days")
    least_newest = _LEAST_NEWEST.get(section, 0)
    newest = _number(f"{place}.keep_newest", fields.get("keep_newest", least_newest), least_newest)
    return Keep(_number(f"{place}.days", fields["days"], _LEAST_DAYS[section]), newest)


def _number(where: str, value: Any, least: int) -> int:
    # YAML's true is an int to Python.
    if isinstance(value, bool) or not isinstance(value, int):
        raise RetentionPolicyError(f"{where} is {value!r}, which is not a whole number")
    if not least <= value <= LONGEST_DAYS:
        raise RetentionPolicyError(f"{where} is {value}; it must be from {least} to {LONGEST_DAYS}")
    return value


def _mapping(where: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise RetentionPolicyError(f"{where} is {value!r}, which has no settings")
    return value


def _check_keys(where: str, found: Mapping[Any, Any], wanted: tuple[str, ...]) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise RetentionPolicyError(f"{where} lacks: {', '.join(missing)}")
    if unknown := [str(name) for name in found if name not in wanted]:
        raise RetentionPolicyError(
            f"{where} has unknown sections: {', '.join(unknown)}; there are: {', '.join(wanted)}"
        )
