"""What is sent at a time: some records of a file, as documents without secrets.

The same bytes give the same documents, with the same ids: sending them again changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from lakehouse.observe.facts.redaction import Redactor
from lakehouse.observe.logs.cursors import Progress
from lakehouse.observe.logs.document import Document, believable
from lakehouse.observe.logs.entries import Entry, entry_of
from lakehouse.observe.logs.files import LogFile
from lakehouse.observe.logs.records import LONGEST_RECORD, Record, records
from lakehouse.observe.logs.text import readable

BATCH_BYTES: Final = 2 * LONGEST_RECORD
CONTEXT_BYTES: Final = 64 * 1024
"""Of a line that is cut, what is looked at on either side for secrets that the cut goes through."""

AWAITED_SECONDS: Final = 10.0
"""A run's receipt is written when its first task starts: its log waits for it, but not for long."""


class Runs(Protocol):
    """What is known of the runs that logs are of."""

    def of(self, path: Mapping[str, Any]) -> dict[str, Any]:
        """Further fields for a log of which the path says this."""

    def is_expected(self, path: Mapping[str, Any]) -> bool:
        """Will more be known in a moment?"""


@dataclass(frozen=True)
class Batch:
    """Documents of one file, and how far the file is read with them."""

    file: LogFile
    progress: Progress
    """With this batch under way."""
    carried: dict[str, Any]
    documents: list[Document]
    size: int
    """Bytes of the file."""

    @property
    def name(self) -> str:
        """Says which bytes of which file it holds."""
        return f"{self.file.key}-{self.progress.position:012d}"


class Batches:
    """Makes batches of files."""

    def __init__(self, redactor: Redactor, runs: Runs) -> None:
        self._redactor = redactor
        self._runs = runs
        self._found: tuple[object, list[Record]] = (None, [])

    def end_of_next(self, file: LogFile, progress: Progress, *, await_date: bool = True) -> int | None:
        """Where the next batch ends; None while no record is complete.

        Args:
            await_date: wait a while for the receipt that says which date the file's run works on.
        """
        now = time.monotonic()
        is_new = now - file.first_seen < AWAITED_SECONDS
        if await_date and is_new and self._runs.is_expected(file.source.described(file.path)):
            return None
        body = file.read(progress.position, BATCH_BYTES)
        at_end = progress.position + len(body) >= file.size
        found = records(
            body,
            progress.position,
            settled=at_end and file.is_settled(now),
            final=at_end and file.is_final(now),
        )
        if not found:
            return None
        # Read again at once, as a rule: then what was found here need not be found once more.
        self._found = ((file.key, progress.position, found[-1].end), found)
        return found[-1].end

    def read(self, file: LogFile, progress: Progress) -> Batch:
        """The batch that `progress` has under way. Raises OSError if the file cannot be read."""
        end, read_at = progress.pending_end, progress.pending_at
        if end is None or read_at is None:
            raise ValueError(f"no batch of {file.path} is under way")
        start = progress.position
        begin = max(0, start - CONTEXT_BYTES)
        data = file.read(begin, end - begin + CONTEXT_BYTES)
        before, body, after = data[: start - begin], data[start - begin : end - begin], data[end - begin :]
        documents, carried = self._documents(file, progress.carried, read_at, start, before, body, after)
        return Batch(file, progress, carried, documents, end - start)

    def _documents(
        self,
        file: LogFile,
        carried: Mapping[str, Any],
        read_at: datetime,
        start: int,
        before: bytes,
        body: bytes,
        after: bytes,
    ) -> tuple[list[Document], dict[str, Any]]:
        described = file.source.described(file.path)
        described |= self._runs.of(described)
        last = datetime.fromisoformat(carried["moment"]) if "moment" in carried else None
        found: list[tuple[int, Entry]] = []
        place, records_found = self._found
        if place != (file.key, start, start + len(body)):
            records_found = records(body, start, settled=True, final=True)
        for record in records_found:
            at = record.start - start
            raw = body[at : record.end - start]
            text = readable(raw.strip(b"\r\n"))
            if not text.strip():
                continue
            if _is_cut(raw, at, before, body):
                edge = _edges(raw, at, before, body, after)
                text = self._redactor.part(*edge) if edge[1:] != (0, len(edge[0])) else text
                if not raw.endswith(b"\n") and not after:
                    text = self._redactor.without_started_secret(text)
            entry = _understood(text, file)
            if entry.goes_on and found and found[-1][1].service == entry.service:
                found[-1][1].message += f"\n{entry.message}"
                continue
            found.append((record.start, entry))
        messages = self._redactor.all([entry.message for _, entry in found])
        clean = _Clean(self._redactor)
        documents = []
        for (offset, entry), message in zip(found, messages, strict=True):
            last = entry.moment or last
            moment = believable(last or read_at, read_at)
            fields = clean.fields({**described, **entry.fields, "offset": offset})
            name = entry.id or f"{file.key}-{offset}"
            service = entry.service or file.source.service
            documents.append(Document(name, moment, entry.level, service, message, fields))
        return documents, {"moment": last.isoformat()} if last else {}


class _Clean:
    """Fields without secrets; the same few values come with every line."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._seen: dict[str, str] = {}

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(value) for name, value in fields.items() if value not in (None, "")}

    def _value(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in self._seen:
            self._seen[value] = self._redactor(value)
        return self._seen[value]


def _understood(text: str, file: LogFile) -> Entry:
    try:
        return entry_of(text, file.source.zone)
    except Exception:  # noqa: BLE001 - whatever a line is like, it is a line, and those behind it go on
        return Entry(text)


def _is_cut(raw: bytes, start: int, before: bytes, body: bytes) -> bool:
    """Does the record begin or end in the middle of a line?"""
    previous = body[start - 1 : start] if start else before[-1:]
    return not raw.endswith(b"\n") or previous not in (b"", b"\n")


def _edges(raw: bytes, start: int, before: bytes, body: bytes, after: bytes) -> tuple[str, int, int]:
    """The record in its surroundings: the text, and where in it the record is."""
    around = before + body + after
    at = len(before) + start
    left = around[max(0, at - CONTEXT_BYTES) : at].rsplit(b"\n", 1)[-1]
    right = b"" if raw.endswith(b"\n") else around[at + len(raw) :][:CONTEXT_BYTES].split(b"\n", 1)[0]
    texts = [readable(part) for part in (left, raw.rstrip(b"\r\n"), right)]
    return "".join(texts), len(texts[0]), len(texts[0]) + len(texts[1])
