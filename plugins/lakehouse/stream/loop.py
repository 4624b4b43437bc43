"""The endless run of the stream: one batch after the other, as long as a run of the DAG lasts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from lakehouse.platform.errors import LakehouseError, PermanentError, TransientError
from lakehouse.stream.chores import ChoreFailedError, Chores
from lakehouse.stream.ledger import Batch, StreamLedger
from lakehouse.stream.loop_state import LoopRecord, LoopState, Outcome, Run
from lakehouse.stream.micro_batch import MicroBatches
from lakehouse.stream.source_watch import SourceWatch
from lakehouse.stream.surroundings import LONGEST_BACKOFF_SECONDS, Follower, Pace, Surroundings
from lakehouse.stream.sync import StreamStoppedError

log = logging.getLogger(__name__)

BEAT_SECONDS: Final = 10.0
"""How often the loop shows that it lives."""
PAUSE_LOOK_SECONDS: Final = 10.0
"""How often it is asked whether somebody has paused the stream."""
NIGHT_LOOK_SECONDS: Final = 15.0
SHORT_RUN_BATCHES: Final = 3
"""A run that follows a failed one ends after so many batches: its success is what resolves the incident."""


class StreamGaveUpError(PermanentError):
    """A batch failed for so long that somebody must know. The loop has tried again itself: the task does not,
    the next run does."""


class _Leave(Exception):
    """Told to end while a batch waits for its next attempt."""


@dataclass(frozen=True)
class Ended:
    """How a run came to its end."""

    why: str
    batches: int
    rows: int


class StreamLoop:
    """Runs batches while there is something to read, and a heartbeat while there is not.

    Args:
        lock: holds the stream's lock while a batch moves; is told who holds it.
        ledger: to see whether a batch is in flight.
        batches: runs one batch.
        watch: looks at the source.
        record: where the loop says what it does.
        around: the world around it.
        chores: done between two batches.
        followers: run beside the loop.
        pace: how fast.
    """

    def __init__(
        self,
        lock: Callable[[str], AbstractContextManager[None]],
        ledger: StreamLedger,
        batches: MicroBatches,
        watch: SourceWatch,
        record: LoopRecord,
        around: Surroundings,
        chores: Chores | None = None,
        followers: Sequence[Follower] = (),
        pace: Pace | None = None,
    ) -> None:
        self._lock = lock
        self._ledger = ledger
        self._batches = batches
        self._watch = watch
        self._record = record
        self._around = around
        self._chores = chores or Chores()
        self._followers = list(followers)
        self._pace = pace or Pace()
        self._run_id = ""
        self._done = 0
        self._rows = 0
        self._said: tuple[LoopState, str | None] | None = None
        self._next: dict[str, datetime] = {}
        self._is_paused = False
        self._late: str | None = None
        self._last_batch: datetime | None = None

    def run(self, run_id: str, lasts: timedelta) -> Ended:
        """Run until the time is over, the stream is paused, or somebody tells the loop to end.

        Raises:
            StreamGaveUpError: a batch failed for longer than the pace allows; the next run goes on with it.
            PermanentError: a batch failed for a reason that no rerun changes; likewise.
            ChoreFailedError: all batches were done, but not what is done beside them.
            StreamStoppedError: told to end at once.
        """
        self._run_id = run_id
        ends = self._around.now() + lasts
        started: list[Follower] = []
        try:
            self._record.begin(run_id)
            for each in self._followers:
                each.start()
                started.append(each)
            why = self._loop(ends)
            self._chores.require_done()
        except StreamStoppedError as error:
            self._end(Outcome.STOPPED, _words(error))
            raise
        except ChoreFailedError as error:
            self._end(Outcome.UNTIDY, _words(error))
            raise
        except Exception as error:
            self._end(Outcome.FAILED, _words(error))
            raise
        finally:
            for each in started:
                each.stop(on_purpose=self._is_paused)
            self._watch.close()
        self._end(Outcome.SUCCEEDED, None, why)
        return Ended(why, self._done, self._rows)

    def stop(self) -> None:
        """End at once; a running sync is cancelled. A signal handler may call this."""
        self._around.stopped.set()
        self._around.leave.set()

    def leave(self) -> None:
        """End when the batch in flight is merged. A signal handler may call this."""
        self._around.leave.set()

    # the loop

    def _loop(self, ends: datetime) -> str:
        before = self._record.last_ended(self._run_id)
        after_failure = before is not None and before.outcome is Outcome.FAILED
        if before is not None and after_failure:
            self._wait_after(before, ends)
        try:
            while (why := self._why_end(ends)) is None:
                if after_failure and self._done >= SHORT_RUN_BATCHES:
                    return "it works again after a failed run"
                self._step()
        except _Leave as told:
            return str(told)
        return why

    def _step(self) -> None:
        if late := self._night():
            self._say(LoopState.YIELDING, late)
        elif self._is_due():
            self._say(LoopState.RUNNING, None)
            self._batch()
            self._chores.do(self._around.now())
            return
        else:
            self._say(LoopState.IDLE, None)
            self._chores.do(self._around.now())
        self._around.sleep(self._pace.look_seconds)

    def _why_end(self, ends: datetime | None = None) -> str | None:
        if self._around.stopped.is_set():
            raise StreamStoppedError(
                "the stream was stopped at once; the batch in flight goes on with the next run"
            )
        if self._around.leave.is_set():
            return "it was told to end"
        if ends is not None and self._around.now() >= ends:
            return "its time is over"
        if self._passed("pause", PAUSE_LOOK_SECONDS):
            self._is_paused = self._around.paused()
        return "the stream is paused" if self._is_paused else None

    def _is_due(self) -> bool:
        """Is there a batch in flight, something to read, or a heartbeat to give?"""
        if self._last_batch is None:
            return True
        waited = (self._around.now() - self._last_batch).total_seconds()
        return waited >= self._pace.heartbeat_seconds or self._watch.has_changes()

    def _batch(self) -> None:
        """One batch, tried again as long as a rerun can change anything."""
        first = self._pace.first_backoff_seconds
        retrying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_exponential(multiplier=first, max=LONGEST_BACKOFF_SECONDS),
            stop=stop_after_delay(self._pace.give_up_after.total_seconds()),
            sleep=self._back_off,
            before_sleep=self._note_failure,
            reraise=True,
        )
        try:
            batch: Batch = retrying(self._one_batch)
        except TransientError as error:
            raise StreamGaveUpError(
                f"a batch has failed for {self._pace.give_up_after}, nothing is lost and the next run goes "
                f"on with it: {_words(error)}"
            ) from error
        self._last_batch = self._around.now()
        self._done += 1
        self._rows += batch.rows_landed or 0

    def _one_batch(self) -> Batch:
        with self._lock(f"stream {self._run_id}"):
            return self._batches.run(self._run_id)

    def _note_failure(self, tried: RetryCallState) -> None:
        error = tried.outcome.exception() if tried.outcome else None
        words = _words(error)
        log.warning("attempt %s failed, trying again: %s", tried.attempt_number, words)
        self._say(LoopState.BACKING_OFF, words)
        try:
            if batch := self._ledger.in_flight():
                self._ledger.failed(batch, words)
        except LakehouseError as unwritten:
            log.warning("the ledger could not be told: %s", unwritten)

    def _back_off(self, seconds: float) -> None:
        self._around.sleep(seconds)
        if why := self._why_end():
            raise _Leave(f"{why}, while a batch waited for its next attempt")

    def _wait_after(self, before: Run, ends: datetime) -> None:
        """The run before failed for good: wait, unless somebody has seen to it."""
        while before.ended_at is not None and before.noticed_at is None:
            ready = before.ended_at + self._pace.wait_after_failure
            if self._around.now() >= ready or self._why_end(ends):
                return
            self._say(
                LoopState.WAITING, f"until {ready:%H:%M:%S} UTC, for {before.run_id} failed: {before.error}"
            )
            self._around.sleep(self._pace.look_seconds)
            before = self._record.last_ended(self._run_id) or before

    def _night(self) -> str | None:
        if self._passed("night", NIGHT_LOOK_SECONDS):
            try:
                self._late = self._around.night_is_late(self._around.now())
            except TransientError as error:
                log.warning("tonight's receipts could not be read: %s", error)
        return self._late

    # saying

    def _say(self, state: LoopState, why: str | None) -> None:
        """Tell of a change at once, and of the same every BEAT_SECONDS."""
        if (state, why) != self._said:
            # A busy stream is idle for a moment after each batch: which says nothing new.
            if self._said is None or {state, self._said[0]} - {LoopState.RUNNING, LoopState.IDLE}:
                self._next.pop("beat", None)
                log.info("%s%s", state, f": {why}" if why else "")
            self._said = (state, why)
        if self._passed("beat", BEAT_SECONDS):
            try:
                self._record.say(self._run_id, state, why, self._chores.failing)
            except LakehouseError as error:
                log.warning("the loop's state could not be written: %s", error)

    def _end(self, outcome: Outcome, error: str | None, why: str | None = None) -> None:
        try:
            self._record.end(self._run_id, outcome, error, self._done)
            self._record.say(self._run_id, LoopState.ENDED, error or why, self._chores.failing)
        except LakehouseError as unwritten:
            log.warning("the end of the run could not be written: %s", unwritten)

    def _passed(self, what: str, seconds: float) -> bool:
        """Has so much time passed since this was last true?"""
        now = self._around.now()
        if now < self._next.get(what, now):
            return False
        self._next[what] = now + timedelta(seconds=seconds)
        return True


def _words(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
