"""`python -m lakehouse.observe.logs.shipper`: reads the platform's logs and sends them on, until stopped.

Nobody waits for it: services write their files, and it reads them. `--once` sends what is there and ends,
with exit code 1 if a sink was away. Its memory (LAKEHOUSE_SHIPPER_DIR) is what must not be lost: without it
all that is still there is sent again, which changes nothing in Elasticsearch and doubles objects in the lake.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.dremio.client import DremioClient
from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.redaction import Redactor
from lakehouse.observe.incidents.heartbeats import SHIPPER, beat, retire
from lakehouse.observe.logs.airbyte_jobs import AirbyteJobLogs
from lakehouse.observe.logs.audit import AirflowAuditLog, DremioAuditLog
from lakehouse.observe.logs.batch import Batches
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.elastic import elasticsearch_client
from lakehouse.observe.logs.elasticsearch_sink import ElasticsearchSink
from lakehouse.observe.logs.fetched import Fetcher, Spool, delete_sent, keep_fetching
from lakehouse.observe.logs.files import SETTLED_SECONDS, LogFiles
from lakehouse.observe.logs.lake_sink import LakeSink, lake_of
from lakehouse.observe.logs.run_dates import RunDates
from lakehouse.observe.logs.shipping import Shipping
from lakehouse.observe.logs.sinks import Sink, SinkAwayError
from lakehouse.observe.logs.sources import FOLDER_VARIABLE, load_sources, shipper_folder
from lakehouse.observe.logs.troubles import SinkState, tell_troubles
from lakehouse.platform.airflow_http import AirflowHttp
from lakehouse.platform.connections import ConnectionUnknownError, connection, direct_postgres
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import (
    AIRBYTE_CONNECTION,
    AIRFLOW_CONNECTION,
    DREMIO_CONNECTION,
)
from lakehouse.platform.stop_event import StopEvent

log = logging.getLogger(__name__)

LAKE_PATIENCE_VARIABLE: Final = "LAKEHOUSE_LOGS_LAKE_SECONDS"
LAKE_PATIENCE_SECONDS: Final = 60.0
"""Lines of a minute are one object in the lake; Elasticsearch gets them at once."""
SCAN_SHARE: Final = 0.02
"""Of one processor, at most, for looking which files have changed."""
SHORTEST_SCAN_PAUSE: Final = 0.5
LONGEST_SCAN_PAUSE: Final = 10.0
STATUS_SECONDS: Final = 5.0
BEAT_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
STAGE_NAMES: Final = frozenset(stage.name for stage in NIGHT)


class Shipper:
    """All of it, put together from the environment."""

    def __init__(self, environment: Mapping[str, str], sinks: Sequence[Sink] | None = None) -> None:
        self.folder = shipper_folder(environment)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.cursors = Cursors(self.folder / "cursors.sqlite")
        chosen = list(sinks) if sinks is not None else _sinks(environment)
        self._names = [sink.name for sink in chosen]
        sources = load_sources(environment={**environment, FOLDER_VARIABLE: str(self.folder)})
        self.files = LogFiles(sources, self.cursors, self._names)
        self._postgres = _postgres(environment)
        redactor = Redactor.of_environment(environment)
        batches = [Batches(redactor, RunDates(self._postgres, STAGE_NAMES)) for _ in chosen]
        self.shippings = [
            Shipping(sink, self.files.all, each, self.cursors)
            for sink, each in zip(chosen, batches, strict=True)
        ]
        self._fetchers = _fetchers(environment, self.folder, self.cursors)
        self._stop = StopEvent()
        self._started = datetime.now(UTC)

    def stop(self, *_: object) -> None:
        """Let `run` end; what is under way is finished."""
        self._stop.set()

    def run(self) -> None:
        """Until `stop`."""
        threads = [
            threading.Thread(target=each.run, args=(self._stop,), daemon=True) for each in self.shippings
        ]
        threads += [
            threading.Thread(target=keep_fetching, args=(each, self._stop), daemon=True)
            for each in self._fetchers
        ]
        for thread in threads:
            thread.start()
        next_status = next_beat = 0.0
        while not self._stop.is_set():
            began = time.monotonic()
            self.scan()
            if began >= next_status:
                self.write_status()
                next_status = began + STATUS_SECONDS
            if began >= next_beat:
                self._show_life()
                next_beat = began + BEAT_SECONDS
            took = time.monotonic() - began
            self._stop.wait(min(max(SHORTEST_SCAN_PAUSE, took / SCAN_SHARE), LONGEST_SCAN_PAUSE))
        deadline = time.monotonic() + STOP_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.write_status()
        self._say_goodbye()

    def once(self) -> list[str]:
        """Fetch and send what is there; what the sinks that were away said."""
        for fetcher in self._fetchers:
            try:
                fetcher.fetch()
            except Exception as error:  # noqa: BLE001 - as in keep_fetching
                log.warning("%s gives no logs: %s", fetcher.name, error)
        away = []
        self.scan()
        self._let_settle()
        for shipping in self.shippings:
            self.scan()
            try:
                while shipping.once(flush=True):
                    pass
            except SinkAwayError as error:
                away.append(str(error))
        self.scan()
        self.write_status()
        return away

    def _let_settle(self) -> None:
        """Wait until each file's last record is complete, once: a file that goes on growing keeps its own."""
        newest = max((file.changed_at for file in self.files.all()), default=0.0)
        self._stop.wait(max(0.0, newest + SETTLED_SECONDS - time.monotonic()))

    def scan(self) -> None:
        """Look for new lines, and tidy up what is sent."""
        try:
            self.files.scan()
            delete_sent(self.files.all(), self.cursors, self._names)
        except OSError:
            log.exception("the log folders cannot be looked through")

    def _show_life(self) -> None:
        """Beat, so that its silence is told, and tell what is wrong. Without PostgreSQL it ships on."""
        if self._postgres is None:
            return
        states = [SinkState(each.sink.name, each.away_since, each.last_words) for each in self.shippings]
        with contextlib.suppress(LakehouseError):
            beat(self._postgres, SHIPPER)
            tell_troubles(self._postgres, self.cursors, states, datetime.now(UTC))

    def _say_goodbye(self) -> None:
        """It was stopped by a signal: nobody needs to be told."""
        if self._postgres is not None:
            with contextlib.suppress(LakehouseError):
                retire(self._postgres, SHIPPER)

    def status(self) -> dict[str, Any]:
        """How far it is, in numbers."""
        files = self.files.all()
        return {
            "at": datetime.now(UTC).isoformat("T", "seconds"),
            "started": self._started.isoformat("T", "seconds"),
            "files": len(files),
            "sinks": {
                each.sink.name: {
                    "behind_bytes": sum(
                        max(0, file.size - self.cursors.progress(file.key, each.sink.name).position)
                        for file in files
                    ),
                    "away_since": each.away_since.isoformat("T", "seconds") if each.away_since else None,
                    "last_words": each.last_words,
                }
                for each in self.shippings
            },
            "counters": self.cursors.counters(),
        }

    def write_status(self) -> None:
        """Leave the status where `bin/logs status` and the platform's health check find it."""
        part = self.folder / ".status.part"
        try:
            part.write_text(json.dumps(self.status(), indent=1) + "\n", encoding="utf-8")
            part.replace(self.folder / "status.json")
        except OSError as error:
            log.warning("the status cannot be written: %s", error)


def _sinks(environment: Mapping[str, str]) -> list[Sink]:
    patience = float(environment.get(LAKE_PATIENCE_VARIABLE) or LAKE_PATIENCE_SECONDS)
    return [ElasticsearchSink(elasticsearch_client(environment)), LakeSink(lake_of(environment), patience)]


def _postgres(environment: Mapping[str, str]) -> PostgresConnections | None:
    try:
        return direct_postgres(environment)
    except ConnectionUnknownError:
        return None


def _fetchers(environment: Mapping[str, str], folder: Path, cursors: Cursors) -> list[Fetcher]:
    """Those whose connection the environment has."""

    def airbyte() -> Fetcher:
        where = connection(AIRBYTE_CONNECTION, environment)
        client = AirbyteClient(
            where.url(), where.login, where.password, where.schema or "v1/applications/token"
        )
        return AirbyteJobLogs(client, Spool(folder, "airbyte"), cursors)

    def airflow() -> Fetcher:
        where = connection(AIRFLOW_CONNECTION, environment)
        http = AirflowHttp(where.url(), where.login, where.password, patience_seconds=0)
        return AirflowAuditLog(http, Spool(folder, "audit"), cursors)

    def dremio() -> Fetcher:
        where = connection(DREMIO_CONNECTION, environment)
        client = DremioClient(where.url(9047), where.login, where.password)
        return DremioAuditLog(client, Spool(folder, "audit"), cursors)

    makers: tuple[Callable[[], Fetcher], ...] = (airbyte, airflow, dremio)
    found = []
    for make in makers:
        try:
            found.append(make())
        except ConnectionUnknownError as error:
            log.warning("%s is not read: %s", make.__name__, error)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Ship until a signal, or once."""
    parser = argparse.ArgumentParser(prog="python -m lakehouse.observe.logs.shipper", description=__doc__)
    parser.add_argument("--once", action="store_true", help="send what is there and end")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        shipper = Shipper(os.environ)
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.once:
        away = shipper.once()
        for words in away:
            print(f"error: {words}", file=sys.stderr)
        return 1 if away else 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, shipper.stop)
    shipper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
