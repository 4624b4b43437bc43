"""What a record says: its moment, level and message, in the forms that this platform's services write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from lakehouse.observe.logs.document import SERVICES, level_of
from lakehouse.observe.logs.moments import head_of, moment_of
from lakehouse.observe.logs.text import without_control

DBT_OUTPUT: Final = "cosmos.hooks.subprocess"
"""The logger by which Cosmos passes on what dbt prints, line by line."""

_DBT_HEAD: Final = re.compile(r"^\d\d:\d\d:\d\d(?:\.\d+)?\s")
_DBT_ERROR: Final = re.compile(
    r"^(?:\d\d:\d\d:\d\d(?:\.\d+)?\s+)?(?:\[error\s*\]\s*:?\s*)?(?:\d+ of \d+ )?"
    r"(?:ERROR\b|FAIL\b|(?:\w+ )?Error\b|Failure in\b|Encountered an error"
    r"|Completed with [1-9]\d* errors?\b|Got \d+ results?, configured to fail)"
)
_DBT_WARNING: Final = re.compile(
    r"^(?:\d\d:\d\d:\d\d(?:\.\d+)?\s+)?(?:\d+ of \d+ )?(?:\[?WARN(?:ING)?\b|Warning in\b)"
)
_BRACKETED_LEVEL: Final = re.compile(r"\[(\w+)\s*\]")
_LEVEL: Final = re.compile(
    r"(?<![\w.])(TRACE|DEBUG|INFO|LOG|NOTICE|SUCCESS|WARN|WARNING|ERROR|CRIT|CRITICAL|FATAL|PANIC)(?=[\s:\]]|$)"
)
_LEVEL_WITHIN: Final = 120
"""Characters of a line's start in which its level stands, behind process ids, users and loggers."""
_TRACEBACK: Final = "Traceback (most recent call last)"
_RAISED: Final = re.compile(
    r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Failure))(?::|$)", re.MULTILINE
)
_WHOLE_NUMBERS: Final = {
    "records_synced": ("records_synced", 2**31),
    "bytes_synced": ("bytes_synced", 2**63),
    "attempt": ("attempt", 2**31),
    "try_number": ("attempt", 2**31),
    "map_index": ("map_index", 2**31),
}
"""From the name in a line to the field, and below what its type in the index template ends."""
_TEXTS: Final = {
    **{
        name: name
        for name in ("job_id", "connection_id", "stream", "stage", "task", "run_id", "business_date")
    },
    **{name: name for name in ("logger", "error_type", "user", "event")},
    "dag_id": "stage",
    "task_id": "task",
}
MOST_FIELD_CHARACTERS: Final = 1024


@dataclass
class Entry:
    """A record as understood; the moment is None if the record does not say when it was written."""

    message: str
    level: str = "INFO"
    moment: datetime | None = None
    service: str | None = None
    id: str | None = None
    """What the source itself calls it."""
    goes_on: bool = False
    """The entry before it goes on with this one."""
    fields: dict[str, Any] = field(default_factory=dict)


def entry_of(text: str, zone: tzinfo = UTC) -> Entry:
    """What a record says; `text` is readable and not empty."""
    if text.startswith("{"):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return _of_json(found, zone)
    return _of_text(text, zone)


def _of_text(text: str, zone: tzinfo) -> Entry:
    head = head_of(text, zone)
    first = text.split("\n", 1)[0]
    rest = first[head.length if head else 0 :][:_LEVEL_WITHIN]
    level = next((known for word in _BRACKETED_LEVEL.findall(rest) if (known := level_of(word))), None)
    if level is None and (found := _LEVEL.search(rest)):
        level = level_of(found[1])
    entry = Entry(text.rstrip(), moment=head.moment if head else None)
    if _TRACEBACK in text:
        level = level if level in ("WARN", "ERROR") else "ERROR"
        if raised := _RAISED.findall(text):
            entry.fields["error_type"] = raised[-1]
    entry.level = level or "INFO"
    return entry


def _of_json(line: Mapping[str, Any], zone: tzinfo) -> Entry:
    """A structured line: of Airflow's task logs, of what was fetched, or of anything that logs JSON."""
    message = _text(_first(line, "message", "event", "msg"))
    if message is None:
        message = json.dumps(line, ensure_ascii=False, default=str)
    message = without_control(message).rstrip()
    entry = Entry(message, moment=_moment(_first(line, "timestamp", "time", "ts", "@timestamp"), zone))
    entry.level = level_of(str(_first(line, "level", "severity", "levelname") or "")) or "INFO"
    if (service := line.get("service")) in SERVICES:
        entry.service = service
    if isinstance(line.get("id"), str):
        entry.id = line["id"]
    entry.fields = _known(line)
    if line.get("message") is None:
        entry.fields.pop("event", None)  # Airflow's word for the message
    if errors := line.get("error_detail"):
        _add_errors(entry, errors)
    if line.get("logger") == DBT_OUTPUT:
        _as_dbt(entry)
    return entry


def _as_dbt(entry: Entry) -> None:
    """dbt prints its levels as words, and its messages of several lines as several lines."""
    entry.service = "dbt"
    entry.goes_on = not _DBT_HEAD.match(entry.message) and not entry.message.startswith(
        ("Command ", "Running command", "Tmp dir")
    )
    if _DBT_ERROR.match(entry.message):
        entry.level = "ERROR"
    elif _DBT_WARNING.match(entry.message) and entry.level == "INFO":
        entry.level = "WARN"


def _known(line: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the index template, each of its type; what has another type is left out."""
    known: dict[str, Any] = {}
    for key, value in line.items():
        if value is None or value == "":
            continue
        if name := _TEXTS.get(key):
            if isinstance(value, str | int) and not isinstance(value, bool):
                known[name] = without_control(str(value))[:MOST_FIELD_CHARACTERS]
        elif kind := _WHOLE_NUMBERS.get(key):
            number = _whole_number(value)
            if number is not None and 0 <= number < kind[1]:
                known[kind[0]] = number
    return known


def _whole_number(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def _add_errors(entry: Entry, errors: Any) -> None:
    """Airflow's structured exception, as the traceback that Python would print."""
    lines: list[str] = []
    for error in reversed(errors if isinstance(errors, list) else []):
        if not isinstance(error, Mapping):
            continue
        lines.append(f"{_TRACEBACK}:")
        for frame in error.get("frames") or []:
            lines.append(
                f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
            )
        lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
        entry.fields["error_type"] = str(error.get("exc_type"))
    entry.message = "\n".join([entry.message, *(without_control(line) for line in lines)])
    if entry.level not in ("WARN", "ERROR"):
        entry.level = "ERROR"


def _moment(value: object, zone: tzinfo) -> datetime | None:
    if isinstance(value, str):
        return moment_of(value, zone)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) > 1e11 else value
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return None


def _first(line: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if (value := line.get(name)) is not None:
            return value
    return None


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
