"""The log files that are there: known by what they are, not by what they are called.

A rotated file is the same file under another name. A truncated one, or a new one that was given the number of
a deleted one, is another file: its first bytes, or its size, say so.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lakehouse.observe.logs.cursors import Cursors, Identity
from lakehouse.observe.logs.sources import Source

log = logging.getLogger(__name__)

HEAD_BYTES: Final = 1024
MOST_OPEN: Final = 200
"""Files that are kept open, so that what is unread of one that is deleted meanwhile can still be read."""
SETTLED_SECONDS: Final = 1.0
"""Nothing was added for so long: the last record is complete."""
FINAL_SECONDS: Final = 60.0
"""Nothing was added for so long: a last line without an end is complete."""


@dataclass
class LogFile:
    """One file, with how much of it there is."""

    identity: Identity
    source: Source
    size: int
    changed_at: float
    """`time.monotonic()` when its size was last seen to change."""
    modified: float
    first_seen: float
    is_gone: bool = False
    is_renamed: bool = False
    """Another file has its old name: nothing is added to this one any more."""
    handle: int | None = None
    waiting_since: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.identity.key

    @property
    def path(self) -> Path:
        return Path(self.identity.path)

    def is_settled(self, now: float) -> bool:
        """Is its last record complete?"""
        return self.is_gone or now - self.changed_at >= SETTLED_SECONDS

    def is_final(self, now: float) -> bool:
        """Is its last line complete although it has no end?"""
        return self.is_gone or now - self.changed_at >= (
            SETTLED_SECONDS if self.is_renamed else FINAL_SECONDS
        )

    def read(self, start: int, length: int) -> bytes:
        """Bytes of the file; fewer at its end. Raises OSError if it is gone and was not open."""
        handle = self.handle
        if handle is not None:
            return os.pread(handle, length, start)
        with self.path.open("rb") as opened:
            opened.seek(start)
            return opened.read(length)

    def open(self) -> None:
        """Keep it readable whatever happens to its name."""
        if self.handle is None:
            self.handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)

    def close(self) -> None:
        """Give back what `open` took."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


class LogFiles:
    """All files of the sources. One thread scans; others read what was found."""

    def __init__(self, sources: Iterable[Source], cursors: Cursors, sinks: Iterable[str]) -> None:
        self._sources = list(sources)
        self._cursors = cursors
        self._sinks = tuple(sinks)
        self._host = socket.gethostname()
        self._lock = threading.Lock()
        self._open = 0
        self._known: dict[str, Identity] = {}
        self._keys_by_number: dict[tuple[int, int], list[str]] = {}
        for identity in cursors.identities():
            self._know(identity)
        self._files: dict[str, LogFile] = {}

    def all(self) -> list[LogFile]:
        """The files, as the last scan found them."""
        with self._lock:
            return list(self._files.values())

    def scan(self) -> None:
        """Look which files there are, and which have changed."""
        seen: set[str] = set()
        self._open = sum(file.handle is not None for file in self._files.values())
        for source in self._sources:
            for path in source.files():
                try:
                    if key := self._look_at(source, path):
                        seen.add(key)
                except OSError as error:  # deleted between being listed and being looked at
                    log.debug("%s: %s", path, error)
        self._leave(seen)

    def _look_at(self, source: Source, path: Path) -> str | None:
        found = path.stat()
        if found.st_size == 0:
            return None
        now = time.monotonic()
        file = self._by_number(found.st_dev, found.st_ino)
        if file and file.size == found.st_size and file.modified == found.st_mtime:
            self._rename(file, path)
            return file.key
        identity = self._identify(source, path, found)
        file = self._files.get(identity.key)
        if file is None:
            # A file that was written long ago has been still for as long.
            age = max(0.0, time.time() - found.st_mtime)
            file = LogFile(identity, source, found.st_size, now - age, found.st_mtime, now - age)
            with self._lock:
                self._files[identity.key] = file
        elif file.size != found.st_size:
            file.changed_at = now
        file.identity, file.size, file.modified = identity, found.st_size, found.st_mtime
        file.is_gone = False
        if file.handle is None and self._open < MOST_OPEN and self._is_behind(file):
            file.open()
            self._open += 1
        return file.key

    def _by_number(self, device: int, inode: int) -> LogFile | None:
        for key in self._keys_by_number.get((device, inode), ()):
            if (file := self._files.get(key)) and not file.is_gone:
                return file
        return None

    def _identify(self, source: Source, path: Path, found: os.stat_result) -> Identity:
        with path.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
        number = (found.st_dev, found.st_ino)
        for known in [self._known[key] for key in self._keys_by_number.get(number, ())]:
            if self._is_same(known, head, found.st_size):
                grown = replace(known, path=str(path), head_size=len(head), head_hash=_hash(head))
                return self._remember(grown) if grown != known else known
        first = (
            f"{self._host}\0{source.service}\0{found.st_dev}\0{found.st_ino}\0".encode()
            + head.split(b"\n")[0]
        )
        key, generation = _hash(first)[:20], 1
        while f"{key}-{generation}" in self._known:
            generation += 1
        return self._remember(Identity(f"{key}-{generation}", *number, str(path), len(head), _hash(head)))

    def _is_same(self, known: Identity, head: bytes, size: int) -> bool:
        if len(head) < known.head_size or _hash(head[: known.head_size]) != known.head_hash:
            return False
        read = max(self._cursors.progress(known.key, sink).position for sink in self._sinks)
        return size >= read  # smaller than what was read of it: truncated

    def _remember(self, identity: Identity) -> Identity:
        self._cursors.remember(identity)
        self._know(identity)
        return identity

    def _know(self, identity: Identity) -> None:
        self._known[identity.key] = identity
        keys = self._keys_by_number.setdefault((identity.device, identity.inode), [])
        if identity.key not in keys:
            keys.append(identity.key)

    def _unknow(self, key: str) -> None:
        self._cursors.forget(key)
        if identity := self._known.pop(key, None):
            number = (identity.device, identity.inode)
            self._keys_by_number[number].remove(key)
            if not self._keys_by_number[number]:
                del self._keys_by_number[number]

    def _rename(self, file: LogFile, path: Path) -> None:
        if file.identity.path != str(path):
            file.identity = self._remember(replace(file.identity, path=str(path)))
            file.is_renamed = True

    def _is_behind(self, file: LogFile) -> bool:
        return any(self._cursors.progress(file.key, sink).position < file.size for sink in self._sinks)

    def _leave(self, seen: set[str]) -> None:
        """Close what is read to its end; forget what is gone and sent, or cannot be read any more."""
        for file in self.all():
            behind = self._is_behind(file)
            if file.key in seen:
                if not behind:
                    file.close()
                continue
            file.is_gone = True
            if not behind or file.handle is None:
                self._forget(file, behind)
        for key in [key for key in self._known if key not in self._files]:
            # Of an earlier life of this process; its file has gone since.
            if not self._still_there(self._known[key]):
                self._lost(key, None)
                self._unknow(key)

    def _still_there(self, identity: Identity) -> bool:
        try:
            found = os.stat(identity.path)  # noqa: PTH116
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (identity.device, identity.inode) and found.st_size == 0

    def _forget(self, file: LogFile, behind: bool) -> None:
        if behind:
            self._lost(file.key, file.size)
        file.close()
        self._unknow(file.key)
        with self._lock:
            self._files.pop(file.key, None)

    def _lost(self, key: str, size: int | None) -> None:
        """Count, and say, what was deleted before a sink had it."""
        for sink in self._sinks:
            progress = self._cursors.progress(key, sink)
            lost = (size or progress.pending_end or 0) - progress.position
            if lost > 0:
                path = self._known[key].path
                log.error("%s was deleted or truncated before %s had its last %d bytes", path, sink, lost)
                self._cursors.count({f"{sink}.lost_bytes": lost})


def waiting(files: Iterable[LogFile], cursors: Cursors, sink: str) -> Iterator[LogFile]:
    """The files of which the sink does not have all, those that wait longest first."""
    now = time.monotonic()
    behind = [file for file in files if cursors.progress(file.key, sink).position < file.size]
    for file in behind:
        file.waiting_since.setdefault(sink, now)
    yield from sorted(behind, key=lambda file: file.waiting_since[sink])


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
