"""Where messages go: the Airflow connection `alerts_default`, which names one or several notifiers.

Its password holds addresses in Apprise's form, separated by white space: `mailtos://...`, `slack://...`,
`msteams://...`, `pagerduty://...`, `jsons://...` (a web hook). `file:///...` adds a line of JSON to a file.
The password, because most of them contain a token. `heartbeat+https://...` is not a notifier: that address
is asked for as long as all is well (see `lakehouse.observe.incidents.heartbeats`); the field `heartbeat_url`
of the connection's extra is the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lakehouse.platform.connections import Connection, ConnectionUnknownError, connection
from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.platform.names import ALERTS_CONNECTION

ANSWER_SECONDS: Final = 4
"""How long a notifier may take to accept a connection, and then to answer."""
_SEPARATOR: Final = re.compile(r"[\s,]+(?=[a-z][a-z0-9+]*://)|\s+", re.IGNORECASE)

_HEARTBEAT: Final = "heartbeat+"


class NoNotifierError(PermanentError):
    """The connection names no notifier, or one that Apprise does not know."""


class NotifierFailedError(TransientError):
    """At least one notifier did not take the message; `taken_by` are those that did."""

    def __init__(self, message: str, taken_by: Collection[str] = ()) -> None:
        super().__init__(message)
        self.taken_by = frozenset(taken_by)


@dataclass(frozen=True)
class Target:
    """One notifier."""

    name: str
    """A hash of its address, which may contain a token."""
    kind: str
    """The address's scheme."""
    send: Callable[[str, str, str], None]
    """Hand over title, body and severity; raises what went wrong."""


class AlertsChannel:
    """All notifiers of a connection."""

    def __init__(self, targets: Collection[Target], heartbeat_url: str | None = None) -> None:
        self.targets = tuple(targets)
        self.heartbeat_url = heartbeat_url

    def send(self, title: str, body: str, severity: str, taken_by: Collection[str] = ()) -> frozenset[str]:
        """Give the message to every notifier that has not taken it yet; the names of all that have it now.

        Raises:
            NotifierFailedError: one did not take it. The others have it, and are named.
        """
        taken, failures = set(taken_by), []
        for target in self.targets:
            if target.name in taken:
                continue
            try:
                target.send(title, body, severity)
                taken.add(target.name)
            except Exception as error:  # noqa: BLE001 - one notifier must not keep a message from the others
                failures.append(f"{target.kind}: {error}")
        if failures:
            raise NotifierFailedError("; ".join(failures), taken)
        return frozenset(taken)


def alerts_channel(environment: Mapping[str, str] | None = None) -> AlertsChannel:
    """The notifiers of the connection `alerts_default`.

    Raises:
        NoNotifierError: it names none, or one that nobody knows.
    """
    return channel_of(_connection(os.environ if environment is None else environment))


def channel_of(where: Connection) -> AlertsChannel:
    """The notifiers that a connection names."""
    addresses = [each for each in _SEPARATOR.split(where.password.strip()) if each]
    listed = where.extra.get("urls") or []
    addresses += [listed] if isinstance(listed, str) else listed
    beats = [each.removeprefix(_HEARTBEAT) for each in addresses if each.startswith(_HEARTBEAT)]
    addresses = [each for each in addresses if not each.startswith(_HEARTBEAT)]
    if not addresses:
        raise NoNotifierError(
            f"the Airflow connection {ALERTS_CONNECTION} names no notifier: put its address (Apprise's form, "
            "or file:///...) into its password"
        )
    heartbeat_url = beats[0] if beats else where.extra.get("heartbeat_url") or None
    return AlertsChannel([_target(each) for each in addresses], heartbeat_url)


def _connection(environment: Mapping[str, str]) -> Connection:
    try:
        return connection(ALERTS_CONNECTION, environment)
    except ConnectionUnknownError:
        if "airflow" not in sys.modules:
            raise
    # Airflow may keep its connections elsewhere than in the environment.
    from airflow.sdk import BaseHook

    kept = BaseHook.get_connection(ALERTS_CONNECTION)
    return Connection(host=kept.host or "", password=kept.password or "", extra=kept.extra_dejson)


def _target(address: str) -> Target:
    name = hashlib.sha256(address.encode()).hexdigest()[:12]
    parts = urlsplit(address)
    if parts.scheme == "file":
        path = Path(unquote(parts.path))
        return Target(name, "file", lambda title, body, severity: _append(path, title, body, severity))
    return Target(name, parts.scheme, _by_apprise(address, parts.scheme))


def _append(path: Path, title: str, body: str, severity: str) -> None:
    """One line of JSON, whole or not at all: a single write to a file opened for appending."""
    line = {"at": datetime.now(UTC).isoformat(), "severity": severity, "title": title, "body": body}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")


def _by_apprise(address: str, scheme: str) -> Callable[[str, str, str], None]:
    # More than a second to import: only where a message is sent to more than a file.
    import apprise

    timed = f"{address}{'&' if '?' in address else '?'}cto={ANSWER_SECONDS}&rto={ANSWER_SECONDS}"
    service: Any = apprise.Apprise.instantiate(timed, suppress_exceptions=True)
    if service is None:
        raise NoNotifierError(
            f"the Airflow connection {ALERTS_CONNECTION} has an address {scheme}://... that Apprise does not "
            "understand: see its documentation for that service"
        )
    types = {"page": apprise.NotifyType.FAILURE, "warn": apprise.NotifyType.WARNING}

    def send(title: str, body: str, severity: str) -> None:
        with apprise.LogCapture(level=logging.WARNING) as told:
            taken = service.notify(
                title=title,
                body=body,
                notify_type=types.get(severity, apprise.NotifyType.INFO),
                body_format=apprise.NotifyFormat.TEXT,
            )
            if not taken:
                lines = told.getvalue().strip().splitlines()
                raise NotifierFailedError(lines[-1] if lines else "it did not take the message")

    return send
