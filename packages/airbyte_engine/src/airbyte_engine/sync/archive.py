"""The lake's copy of every attempt's log: gzip JSON lines under logs/airbyte/service=<source>/date=<day>/.

The local log is the one that is written while an attempt runs and that the API shows. When the attempt has
ended, however it ended, its lines are stored in the bucket, one JSON document per line, with the fields of
the specification's log index. A bucket that does not answer is tried again after the next attempt and at the
next start: a local log without its mark has not been stored.
"""

from __future__ import annotations

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from airbyte_engine.bucket import s3_client
from airbyte_engine.settings import AirbyteSettings
from airbyte_engine.store.database import Row

log = logging.getLogger("airbyte_engine.logs")

_FOLDER = "logs/airbyte"
_CONTENT = "application/x-ndjson"
_STAMP_LENGTH = len("2025-10-16 01:02:03")


@dataclass(frozen=True)
class LogOwner:
    """Which attempt a log belongs to, and what came of it."""

    job_id: int
    attempt: int
    connection_id: str
    service: str
    """The source's name in Airbyte."""
    records_synced: int
    bytes_synced: int

    def key(self, day: str) -> str:
        """The object's key; the day is the attempt's first, UTC."""
        service = "".join(c if c.isalnum() or c in "-_." else "_" for c in self.service) or "unknown"
        return f"{_FOLDER}/service={service}/date={day}/job-{self.job_id}-attempt-{self.attempt}.json.gz"


def owner_of(job: Row, attempt: Row, service: str) -> LogOwner:
    stats = attempt["stream_stats"].values()
    return LogOwner(
        job_id=int(job["job_id"]),
        attempt=int(attempt["attempt_number"]),
        connection_id=str(job["connection_id"]),
        service=service,
        records_synced=sum(part["rows"] for part in stats),
        bytes_synced=sum(part["bytes"] for part in stats),
    )


class LogArchive:
    """Stores ended logs; never raises, for a sync does not fail because of its log."""

    def __init__(self, settings: AirbyteSettings) -> None:
        self._bucket = settings.log_bucket
        self._settings = settings
        self._lock = threading.Lock()
        self._owed: dict[Path, LogOwner] = {}

    def keep(self, file: Path, owner: LogOwner) -> None:
        """Store this log, and those that the bucket refused before."""
        if self._bucket is None or not file.exists() or _mark(file).exists():
            return
        with self._lock:
            self._owed[file] = owner
            for owed, its_owner in list(self._owed.items()):
                if not self._store(owed, its_owner):
                    return
                del self._owed[owed]

    def _store(self, file: Path, owner: LogOwner) -> bool:
        text = file.read_text(encoding="utf-8", errors="replace")
        documents = list(log_documents(text, owner))
        if not documents:
            return True
        key = owner.key(documents[0]["timestamp"][:10])
        lines = "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents)
        place = self._settings.log_store
        try:
            s3_client(*place).put_object(
                Bucket=self._bucket,
                Key=key,
                Body=gzip.compress(lines.encode()),
                ContentType=_CONTENT,
                ContentEncoding="gzip",
            )
        except (BotoCoreError, ClientError) as error:
            log.warning("the log of job %s is not in the lake yet: %s", owner.job_id, error)
            return False
        _mark(file).touch()
        return True


def log_documents(text: str, owner: LogOwner) -> Iterator[dict[str, Any]]:
    """A document for each line of a log; the fields are those of the specification's `airbyte-logs` index."""
    for line in text.splitlines():
        stamp, rest = line[:_STAMP_LENGTH], line[_STAMP_LENGTH + 1 :]
        level, _, message = rest.partition(" ")
        yield {
            "timestamp": stamp.replace(" ", "T") + "Z",
            "level": level,
            "service": owner.service,
            "message": message,
            "job_id": str(owner.job_id),
            "attempt": owner.attempt,
            "connection_id": owner.connection_id,
            "records_synced": owner.records_synced,
            "bytes_synced": owner.bytes_synced,
        }


def _mark(file: Path) -> Path:
    return file.with_suffix(".stored")
