"""What could not be written because the platform's PostgreSQL was away: kept in files, told when it is back.

People are told at once and without the database, once in half an hour.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.fingerprint import environment
from lakehouse.observe.incidents.home import WINDOW
from lakehouse.observe.incidents.record import tell
from lakehouse.observe.notify.channel import alerts_channel
from lakehouse.observe.notify.outbox import Channel, redact
from lakehouse.platform.database import PlatformDatabaseUnavailableError, PostgresConnections

log = logging.getLogger(__name__)

MOST_FILES: Final = 10_000
"""More than a night can fail; beyond it nothing new is kept, so that no disk fills up."""
_STAMP: Final = "told-without-database"


def spool_folder() -> Path:
    """`LAKEHOUSE_SPOOL_DIR`; else in the platform's state, in Airflow's home, or in the temporary folder."""
    if folder := os.environ.get("LAKEHOUSE_SPOOL_DIR"):
        return Path(folder)
    state = os.environ.get("LAKEHOUSE_STATE_DIR") or os.environ.get("AIRFLOW_HOME") or tempfile.gettempdir()
    return Path(state) / "alert_spool"


def tell_or_keep(postgres: PostgresConnections, finding: Finding, channel: Channel | None = None) -> bool:
    """Tell the finding, or keep it in a file and say so to people if PostgreSQL is away. Was it told?"""
    try:
        tell(postgres, finding, with_members=False)
    except PlatformDatabaseUnavailableError as error:
        keep(finding)
        shout(f"{error}\n\nFirst seen at: {finding.summary}\n{finding.error or ''}", channel)
        return False
    return True


def keep(finding: Finding) -> Path | None:
    """Write the finding to a file of its own, whole or not at all; None if there are too many."""
    folder = spool_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if len(list(folder.glob("*.json"))) >= MOST_FILES:
        log.error("not kept, there are %d files in %s: %s", MOST_FILES, folder, finding.summary)
        return None
    target = folder / f"{time.time_ns()}-{os.getpid()}.json"
    draft = target.with_suffix(".draft")
    draft.write_text(redact(json.dumps(asdict(finding), default=str)), encoding="utf-8")
    draft.rename(target)
    return target


def kept(folder: Path | None = None) -> Iterator[tuple[Path, Finding]]:
    """What waits, the oldest first. A file that cannot be read is set aside."""
    for path in sorted((folder or spool_folder()).glob("*.json")):
        try:
            yield path, _finding(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:  # another process has told it meanwhile
            continue
        except (ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read and is set aside: %s", path, error)
            path.rename(path.with_suffix(".unreadable"))


def drain(postgres: PostgresConnections) -> int:
    """Tell what waits; how much. Any number of processes may do so at once: an event counts once.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is still away; what was not told waits on.
    """
    told = 0
    for path, finding in kept():
        tell(postgres, finding, with_members=False)
        path.unlink(missing_ok=True)
        told += 1
    return told


def shout(words: str, channel: Channel | None = None) -> bool:
    """Tell people without the database, unless somebody on this machine did so in the last half hour."""
    folder = spool_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    stamp = folder / _STAMP
    last = stamp.stat().st_mtime if stamp.exists() else 0.0
    # A clock that was set back must not silence us.
    if 0 <= time.time() - last < WINDOW.total_seconds():
        return False
    title = f"[{environment()}] PAGE: the platform's PostgreSQL is away"
    (channel or alerts_channel()).send(title, redact(words), str(Severity.PAGE))
    stamp.touch()
    return True


def _finding(fields: dict[str, Any]) -> Finding:
    day = fields["business_date"]
    return Finding(
        **fields
        | {
            "business_date": date.fromisoformat(day) if day else None,
            "severity": Severity(fields["severity"]),
        }
    )
