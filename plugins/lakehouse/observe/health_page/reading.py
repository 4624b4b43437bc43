"""Reads the page's sections, each for itself: what one of them cannot read takes nothing from the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from lakehouse.observe.health_page.connection import STATEMENT_MILLISECONDS, OneConnection
from lakehouse.observe.health_page.formats import plain
from lakehouse.platform.database import (
    LedgerMissingError,
    PlatformDatabaseUnavailableError,
    PostgresConnections,
)

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 2.5
"""A page is shown after this time with the sections there are, even if PostgreSQL hangs."""
READERS: Final = 4
"""Pages read at the same time by one API server; those that hang in a dead PostgreSQL count."""

_QUERY_CANCELED: Final = "57014"
_LOCK_NOT_AVAILABLE: Final = "55P03"


@dataclass(frozen=True)
class Asked:
    """What a page is asked for."""

    night: date
    """The business date."""
    now: datetime
    """UTC."""


@dataclass(frozen=True)
class Section:
    """One part of the page."""

    name: str
    """Its anchor and the name of its template."""
    title: str
    read: Callable[[PostgresConnections, Asked], Any]
    """What its template shows: anything that JSON can hold. May raise whatever it likes."""


@dataclass(frozen=True)
class Read:
    """A section as it could be read."""

    name: str
    title: str
    data: Any = None
    problem: str | None = None
    """Why there is no data, for people; None if there is."""


@dataclass
class Page:
    """What could be read."""

    asked: Asked
    reads: list[Read]


class Reader:
    """Reads sections within a time limit, over one connection.

    Args:
        connect: opens the platform's database.
        choose: which night a page shows that was asked for none.
        answer_seconds: when a page is given up.
    """

    def __init__(
        self,
        connect: Callable[[], PostgresConnections],
        choose: Callable[[PostgresConnections, datetime], date],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._connect = connect
        self._choose = choose
        self._answer_seconds = answer_seconds
        self._free = threading.BoundedSemaphore(READERS)

    def read(self, sections: Sequence[Section], now: datetime, night: date | None = None) -> Page:
        """Each section, in their order, for the given night or the one that matters now."""
        reading = _Reading(sections, now, night, time.monotonic() + self._answer_seconds)
        if self._free.acquire(timeout=self._answer_seconds):
            # A daemon: one that hangs in a dead PostgreSQL must not keep the API server from ending.
            thread = threading.Thread(target=self._read_and_free, args=(reading,), daemon=True)
            thread.start()
            thread.join(max(0.0, reading.deadline - time.monotonic()))
        # The thread may still add to it; the page takes what is there now.
        return Page(
            Asked(reading.night or now.date(), now),
            [reading.found.get(each.name) or _too_late(each) for each in sections],
        )

    def _read_and_free(self, reading: _Reading) -> None:
        try:
            self._read_all(reading)
        finally:
            self._free.release()

    def _read_all(self, reading: _Reading) -> None:
        try:
            connection = OneConnection(self._connect())
        except Exception as error:
            log.exception("the health page finds no connection to PostgreSQL")
            reading.found |= {each.name: _failed(each, error) for each in reading.sections}
            return
        try:
            night = reading.night or self._chosen(connection, reading.now)
            reading.night = night
            for section in reading.sections:
                if time.monotonic() > reading.deadline:
                    return
                reading.found[section.name] = read_section(section, connection, Asked(night, reading.now))
        finally:
            connection.close()

    def _chosen(self, connection: OneConnection, now: datetime) -> date:
        try:
            return self._choose(connection, now)
        except Exception:  # noqa: BLE001 - each section says for itself what is wrong
            return now.date()


@dataclass
class _Reading:
    """A page that is being read, by a thread that may come too late."""

    sections: Sequence[Section]
    now: datetime
    night: date | None
    deadline: float
    found: dict[str, Read] = field(default_factory=dict)


def read_section(section: Section, postgres: PostgresConnections, asked: Asked) -> Read:
    """The section's data, or why there is none."""
    try:
        return Read(section.name, section.title, data=section.read(postgres, asked))
    except Exception as error:  # a section may fail in any way; the page must not
        if not isinstance(error, LedgerMissingError | PlatformDatabaseUnavailableError):
            log.warning("the health page cannot show %s", section.name, exc_info=True)
        return _failed(section, error)


def _failed(section: Section, error: Exception) -> Read:
    return Read(section.name, section.title, problem=in_words(error))


def _too_late(section: Section) -> Read:
    return Read(
        section.name, section.title, problem="PostgreSQL has not answered in time. Reload in a minute."
    )


def in_words(error: Exception) -> str:
    """What a reader of the page is told of the error: nothing that only the log should hold."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state in (_QUERY_CANCELED, _LOCK_NOT_AVAILABLE):
        return f"PostgreSQL took longer than {STATEMENT_MILLISECONDS} ms. The next refresh tries again."
    if isinstance(error, LedgerMissingError):
        return "Not measured yet: its tables are missing. Run the DAG provision_platform."
    if isinstance(error, PlatformDatabaseUnavailableError):
        return "The platform's PostgreSQL is away."
    return f"Cannot be shown: {type(error).__name__}. The API server's log says more."


def as_json(read: Read) -> Mapping[str, Any]:
    """The section as the JSON endpoint gives it."""
    return {"title": read.title, "problem": read.problem, "data": plain(read.data)}
