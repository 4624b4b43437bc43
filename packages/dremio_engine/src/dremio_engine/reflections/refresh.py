"""Runs refreshes: asked for, due by policy, due again after a failure; one at a time.

A refresh that failed is tried again after RETRY_SECONDS, and given up after the third failure in a row
until it is asked for or the definition is sent again. Which policies are due is looked at every
`poll_seconds` (Dremio: every 10 s).
"""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from dremio_engine.catalog.entities import now_text
from dremio_engine.errors import NotFound
from dremio_engine.lake.cursors import Cancelled, Interruptible
from dremio_engine.paths import dotted
from dremio_engine.reflections.build import Misfit
from dremio_engine.reflections.freshness import Freshness
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.policies import Policies
from dremio_engine.reflections.status import GIVE_UP_AFTER, Reflection, moment_of
from dremio_engine.reflections.store import Materialisation, ReflectionStore

LOG = logging.getLogger(__name__)
RETRY_SECONDS = (15.0, 120.0)


class Refresher:
    """Thread-safe. A request for a refresh that waits already is the same request."""

    def __init__(
        self,
        store: ReflectionStore,
        materialiser: Materialiser,
        policies: Policies,
        freshness: Freshness,
        poll_seconds: float,
    ) -> None:
        self._store, self._materialiser = store, materialiser
        self._policies, self._freshness = policies, freshness
        self._poll_seconds = poll_seconds
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="reflection")
        self._lock = threading.Lock()
        self._waiting: set[str] = set()
        self._closing = threading.Event()
        self._stop = Interruptible()
        self._scheduler = threading.Thread(target=self._schedule, name="reflection-policies", daemon=True)

    def start(self) -> None:
        """Start to look after policies; returns at once."""
        self._scheduler.start()

    def close(self) -> None:
        """Stop, in the middle of a refresh if need be: the next start takes it up again."""
        self._closing.set()
        self._stop.cancel()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def request(self, reflection: Reflection, asked: bool = True) -> None:
        """Queue a refresh; its status says REFRESHING from now on. Being asked for forgets failures."""
        with self._lock:
            if reflection.id in self._waiting or self._closing.is_set():
                return
            self._waiting.add(reflection.id)
        changes = {"failures": 0} if asked and reflection.given_up else {}
        self._store.set_status(reflection.id, refreshing=True, retry_at=None, **changes)
        try:
            self._worker.submit(self._refresh, reflection.id)
        except RuntimeError:
            LOG.info("stopping: refresh of %s is taken up at the next start", reflection.name)

    def due(self, now: datetime) -> list[Reflection]:
        """The reflections whose policy, or whose last failure, asks for a refresh at a moment."""
        found = []
        for reflection in self._store.all():
            if reflection.enabled and not reflection.status.refreshing and self._is_due(reflection, now):
                found.append(reflection)
        return found

    def _is_due(self, reflection: Reflection, now: datetime) -> bool:
        status = reflection.status
        if status.retry_at is not None:
            return moment_of(status.retry_at) <= now
        if reflection.given_up or status.last_refresh_finished is None or status.invalid:
            return False
        try:
            policy = self._policies.of(reflection)
        except NotFound:
            return False
        if policy.on_data_changes:
            return not self._freshness.is_fresh(reflection)
        if policy.period_ms is None:
            return False
        return moment_of(status.last_refresh_finished) + timedelta(milliseconds=policy.period_ms) <= now

    def _schedule(self) -> None:
        while not self._closing.wait(self._poll_seconds):
            try:
                for reflection in self.due(datetime.now(UTC)):
                    self.request(reflection, asked=False)
            except Exception as error:  # noqa: BLE001
                # Whatever one look met, the next one follows.
                LOG.warning("refresh policies could not be looked at: %s", error)

    # -- one refresh ---------------------------------------------------------------------------------

    def _refresh(self, reflection_id: str) -> None:
        with self._lock:
            self._waiting.discard(reflection_id)
        began, started = time.monotonic(), now_text()
        try:
            reflection = self._store.get(reflection_id)
            self._build(reflection)
        except (NotFound, Misfit) as error:
            self._store.set_status(reflection_id, refreshing=False, invalid=str(error))
        except Cancelled:
            LOG.info("stopping: refresh of %s is taken up at the next start", reflection_id)
        except Exception as error:  # noqa: BLE001
            # Whatever went wrong belongs into the status that clients wait on.
            if self._closing.is_set():
                return
            LOG.warning("refresh of reflection %s failed: %s", reflection_id, error)
            self._failed(reflection_id, started, int((time.monotonic() - began) * 1000), str(error))
        finally:
            self._stop.attach(None)

    def _build(self, reflection: Reflection) -> None:
        path = self._policies.path_of(reflection)
        fetched_at = now_text()
        before = self._store.current(reflection.id)
        built = self._materialiser.build(reflection, path, before, self._stop)
        kept = self._store.keep(
            built,
            reflection.tag,
            refreshing=False,
            last_data_fetch=fetched_at,
            failures=0,
            failure=None,
            invalid=None,
            retry_at=None,
            duration_ms=built.duration_ms,
            last_refresh_finished=now_text(),
        )
        if not kept and built.table and (before is None or built.table != before.table):
            self._materialiser.drop(built.table)
        LOG.info(
            "reflection %s on %s: %d rows in %d ms. %s",
            reflection.name, dotted(path), built.rows, built.duration_ms, built.decision,
        )  # fmt: skip

    def _failed(self, reflection_id: str, started: str, duration_ms: int, reason: str) -> None:
        try:
            reflection = self._store.get(reflection_id)
        except NotFound:
            return
        failures = reflection.status.failures + 1
        retry = None
        if failures < GIVE_UP_AFTER:
            wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1]
            retry = (datetime.now(UTC) + timedelta(seconds=wait)).isoformat()
        self._store.keep_failure(
            Materialisation(
                reflection_id, state="FAILED", created_at=started, finished_at=now_text(),
                duration_ms=duration_ms, failure=reason,
            )
        )  # fmt: skip
        self._store.set_status(
            reflection_id, refreshing=False, failures=failures, failure=reason, retry_at=retry,
            duration_ms=duration_ms, last_refresh_finished=now_text(),
        )  # fmt: skip
