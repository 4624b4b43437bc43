"""The loop: when a batch runs, what is ridden out, what ends a run. Its clock moves when it sleeps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.stream.chores import Chore, ChoreFailedError, Chores
from lakehouse.stream.ledger import Batch, BatchState
from lakehouse.stream.loop import SHORT_RUN_BATCHES, StreamGaveUpError, StreamLoop
from lakehouse.stream.loop_state import LoopState, Outcome, Run
from lakehouse.stream.plan import HEARTBEAT_SECONDS
from lakehouse.stream.surroundings import Pace, Surroundings
from lakehouse.stream.sync import StreamStoppedError

START = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock(Surroundings):
    """Sleeping takes no time, and moves the clock."""

    def __init__(self, **given: Any) -> None:
        self.at = START
        super().__init__(now=lambda: self.at, **given)

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def batch(number: int) -> Batch:
    return Batch(
        id=number,
        state=BatchState.MERGED,
        day=date(2026, 11, 29),
        run_id="run",
        job_id=number,
        from_lsn=None,
        to_lsn=None,
        rows_landed=10,
        attempts=1,
        last_error=None,
        started_at=START,
        landed_at=START,
        bronze_at=START,
        merged_at=START,
    )


@dataclass
class Batches:
    """Runs batches; `fails` gives the error of the n-th try, or None."""

    clock: Clock
    fails: Callable[[int], Exception | None] = lambda _: None
    after: Callable[[int], None] = lambda _: None
    tries: int = 0
    ran_at: list[datetime] = field(default_factory=list)

    def run(self, run_id: str) -> Batch:
        self.tries += 1
        if error := self.fails(self.tries):
            raise error
        self.ran_at.append(self.clock.at)
        self.after(len(self.ran_at))
        return batch(len(self.ran_at))


@dataclass
class Record:
    """What the loop said."""

    before: Run | None = None
    said: list[tuple[LoopState, str | None]] = field(default_factory=list)
    ended: list[tuple[Outcome, str | None, int]] = field(default_factory=list)

    def begin(self, run_id: str) -> None: ...

    def last_ended(self, but: str) -> Run | None:
        return self.before

    def say(self, run_id: str, state: LoopState, why: str | None, failing: str | None = None) -> None:
        self.said.append((state, why))

    def end(self, run_id: str, outcome: Outcome, error: str | None, batches: int) -> None:
        self.ended.append((outcome, error, batches))


@dataclass
class Source:
    """A source that has changes at some moments."""

    changes: Callable[[], bool] = lambda: False

    def has_changes(self) -> bool:
        return self.changes()

    def close(self) -> None: ...


@dataclass
class Ledger:
    failures: list[str] = field(default_factory=list)

    def in_flight(self) -> Batch:
        return batch(1)

    def failed(self, of: Batch, error: str) -> None:
        self.failures.append(error)


@dataclass
class Follower:
    calls: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.calls.append("start")

    def stop(self, on_purpose: bool = False) -> None:
        self.calls.append(f"stop {on_purpose}")


@dataclass
class World:
    """A loop and all it meets."""

    clock: Clock
    batches: Batches
    record: Record = field(default_factory=Record)
    source: Source = field(default_factory=Source)
    ledger: Ledger = field(default_factory=Ledger)
    follower: Follower = field(default_factory=Follower)
    chores: Chores = field(default_factory=Chores)
    pace: Pace = field(default_factory=Pace)

    def loop(self) -> StreamLoop:
        return StreamLoop(
            lock=lambda holder: nullcontext(),
            ledger=self.ledger,  # type: ignore[arg-type]
            batches=self.batches,  # type: ignore[arg-type]
            watch=self.source,  # type: ignore[arg-type]
            record=self.record,  # type: ignore[arg-type]
            around=self.clock,
            chores=self.chores,
            followers=[self.follower],
            pace=self.pace,
        )


@pytest.fixture
def world() -> World:
    clock = Clock()
    return World(clock, Batches(clock))


def test_an_hour_without_any_change_has_a_batch_at_each_heartbeat_and_no_more(world: World) -> None:
    ended = world.loop().run("run", HOUR)

    assert ended.batches == 3600 // HEARTBEAT_SECONDS
    pauses = {after - before for before, after in pairwise(world.batches.ran_at)}
    assert pauses == {timedelta(seconds=HEARTBEAT_SECONDS)}
    assert ended.why == "its time is over"
    assert world.record.ended == [(Outcome.SUCCEEDED, None, ended.batches)]


def test_the_next_batch_starts_at_once_when_there_is_something_to_read(world: World) -> None:
    world.source.changes = lambda: len(world.batches.ran_at) < 5

    world.loop().run("run", timedelta(seconds=30))

    assert world.batches.ran_at == [START] * 5


def test_a_pause_ends_the_run_between_two_batches_and_is_told_to_who_measures(world: World) -> None:
    world.clock.paused = lambda: len(world.batches.ran_at) >= 2

    ended = world.loop().run("run", HOUR)

    assert (ended.batches, ended.why) == (2, "the stream is paused")
    assert world.follower.calls == ["start", "stop True"]


def test_the_stream_waits_while_a_stage_of_tonight_is_late_and_says_so(world: World) -> None:
    late_until = START + timedelta(minutes=10)
    world.clock.night_is_late = lambda now: "stage load_bronze is late" if now < late_until else None
    world.source.changes = lambda: True
    loop = world.loop()
    world.batches.after = lambda done: loop.leave()

    loop.run("run", HOUR)

    assert world.batches.ran_at[0] >= late_until
    assert (LoopState.YIELDING, "stage load_bronze is late") in world.record.said


def test_what_passes_is_ridden_out_and_named_in_log_and_ledger(world: World) -> None:
    world.batches.fails = lambda tried: TransientError("Dremio is away") if tried <= 4 else None
    loop = world.loop()
    world.batches.after = lambda done: loop.leave()

    ended = loop.run("run", HOUR)

    assert ended.batches == 1
    assert world.ledger.failures == ["TransientError: Dremio is away"] * 4
    assert (LoopState.BACKING_OFF, "TransientError: Dremio is away") in world.record.said
    # 1 + 2 + 4 + 8 seconds
    assert world.batches.ran_at == [START + timedelta(seconds=15)]


def test_a_service_that_stays_away_fails_the_run_for_good(world: World) -> None:
    world.batches.fails = lambda _: TransientError("Airbyte is away")
    world.pace = Pace(give_up_after=timedelta(seconds=0))

    with pytest.raises(StreamGaveUpError, match=r"nothing is lost.*Airbyte is away") as raised:
        world.loop().run("run", HOUR)

    assert isinstance(raised.value, PermanentError)  # Airflow does not try the task again: the next run does
    assert world.record.ended[0][0] is Outcome.FAILED
    assert world.follower.calls == ["start", "stop False"]


def test_what_no_rerun_changes_fails_at_once(world: World) -> None:
    world.batches.fails = lambda _: PermanentError("the slot is lost")

    with pytest.raises(PermanentError, match="the slot is lost"):
        world.loop().run("run", HOUR)

    assert world.batches.tries == 1
    assert world.record.ended == [(Outcome.FAILED, "PermanentError: the slot is lost", 0)]


def failed_run(noticed_at: datetime | None = None) -> Run:
    return Run("before", Outcome.FAILED, "PermanentError: no", 3, START - HOUR, START, noticed_at)


def test_a_run_after_a_failed_one_waits_then_ends_early_so_that_its_success_is_seen(world: World) -> None:
    world.record.before = failed_run()
    world.source.changes = lambda: True

    ended = world.loop().run("run", HOUR)

    assert world.batches.ran_at[0] == START + timedelta(minutes=5)
    assert ended.batches == SHORT_RUN_BATCHES
    assert world.record.said[0][0] is LoopState.WAITING


def test_runs_that_keep_failing_are_at_most_twelve_an_hour(world: World) -> None:
    world.batches.fails = lambda _: PermanentError("no")
    runs = 0
    while world.clock.at < START + HOUR:
        loop = world.loop()
        with pytest.raises(PermanentError):
            loop.run("run", HOUR)
        runs += 1
        world.record.before = Run("r", Outcome.FAILED, "no", 0, START, world.clock.at, None)

    assert runs <= 13  # the first, and twelve


def test_somebody_who_has_seen_to_it_makes_the_next_run_start_at_once(world: World) -> None:
    world.record.before = failed_run(noticed_at=START)

    world.loop().run("run", timedelta(seconds=1))

    assert world.batches.ran_at == [START]


def test_a_pause_ends_the_wait_after_a_failure(world: World) -> None:
    world.record.before = failed_run()
    world.clock.paused = lambda: True

    assert world.loop().run("run", HOUR).why == "the stream is paused"
    assert world.batches.tries == 0


def test_a_pause_ends_a_batch_that_waits_for_its_next_attempt(world: World) -> None:
    world.batches.fails = lambda _: TransientError("the source is away")
    world.clock.paused = lambda: world.clock.at > START + timedelta(seconds=60)

    ended = world.loop().run("run", HOUR)

    assert ended.why == "the stream is paused, while a batch waited for its next attempt"
    assert world.record.ended[0][0] is Outcome.SUCCEEDED


def test_a_loop_stopped_at_once_says_so(world: World) -> None:
    loop = world.loop()
    world.batches.after = lambda done: loop.stop()

    with pytest.raises(StreamStoppedError):
        loop.run("run", HOUR)

    assert world.record.ended[0][0] is Outcome.STOPPED


def test_a_chore_that_fails_holds_no_batch_up_and_fails_the_run_at_its_end(world: World) -> None:
    def fail(now: datetime) -> None:
        raise TransientError("OPTIMIZE was refused")

    world.chores = Chores([Chore("the hot tables' files", timedelta(seconds=10), fail)])

    with pytest.raises(ChoreFailedError, match="the hot tables' files: TransientError: OPTIMIZE was refused"):
        world.loop().run("run", timedelta(minutes=5))

    assert len(world.batches.ran_at) == 2
    # The next run neither waits nor ends early.
    assert world.record.ended[0][0] is Outcome.UNTIDY


def test_a_chore_that_works_again_is_no_failure(world: World) -> None:
    done: list[datetime] = []

    def fail_once(now: datetime) -> None:
        done.append(now)
        if len(done) == 1:
            raise TransientError("away")

    world.chores = Chores([Chore("the edge", timedelta(seconds=10), fail_once)])

    world.loop().run("run", timedelta(minutes=2))

    assert len(done) == 12


def test_an_idle_loop_beats_every_ten_seconds(world: World) -> None:
    world.loop().run("run", timedelta(minutes=1))

    idle = [said for said in world.record.said if said[0] is LoopState.IDLE]
    assert 4 <= len(idle) <= 6
