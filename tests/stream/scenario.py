"""Acts of a run: changes at some rate, a fault in their midst, and the reckoning when both are over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lakehouse.stream.hot import HotTables
from lakehouse.stream.plan import STREAMS
from tests.stream.accounts import Accounted, account
from tests.stream.faults import Fault
from tests.stream.reckoning import Reckoned, reckon
from tests.stream.run import StreamRun
from tests.stream.tracers import Traced, trace


@dataclass(frozen=True)
class Act:
    """A fault while the shop changes at a rate, in changes per second."""

    fault: Fault
    rate: int

    @property
    def name(self) -> str:
        """As the fault's function is called, in words."""
        return self.fault.__name__.replace("_", " ")


@dataclass
class StreamReport:
    """What was done, and what was found in the end."""

    seed: int
    acts: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    reckoned: Reckoned = field(default_factory=Reckoned)
    accounted: Accounted = field(default_factory=Accounted)
    hot_files: dict[str, int] = field(default_factory=dict)
    traced: Traced = field(default_factory=Traced)
    seconds: float = 0


class Scenario:
    """Plays acts one after the other; after each one hot, cold and unified must be the shop's rows."""

    def __init__(self, run: StreamRun, seed: int, log: Callable[[str], None] = print) -> None:
        self._run = run
        self._log = log
        self._began = time.monotonic()
        self.report = StreamReport(seed)

    def play(self, acts: Sequence[Act]) -> None:
        """Raises AssertionError when anything is lost, doubled, old, or not named."""
        for act in acts:
            self._play(act)

    def play_for(
        self, seconds: int, faults: Sequence[Fault], sure: Sequence[Fault], rates: Sequence[int]
    ) -> None:
        """Play for so many seconds: every fault once before any comes again. Those of `sure` come in any
        case, spread over that time, and take nothing of it: a night beside a busy stream may last minutes.

        Raises:
            AssertionError: anything is lost, doubled, old, or not named.
        """
        spent = 0.0
        deck: list[Fault] = []
        waiting = list(sure)
        while waiting or spent < seconds:
            if not deck:
                deck = self._run.dice.sample(list(faults), len(faults))
            due = bool(waiting) and spent >= seconds * (len(sure) - len(waiting)) / len(sure) / 2
            fault = waiting.pop(0) if due else deck.pop()
            began = time.monotonic()
            self._play(Act(fault, self._run.dice.choice(list(rates))))
            if not due:
                spent += time.monotonic() - began

    def end(self) -> StreamReport:
        """Compare everything once more, and add up all batches.

        Raises:
            AssertionError: something was lost, doubled or not accounted for.
        """
        self._run.live.stop()
        self._run.catch_up()
        self._run.stream.stop()
        self.report.reckoned = reckon(self._run.platform)
        self.report.accounted = account(self._run.platform)
        self.report.traced = trace(self._run.platform)
        hot = HotTables(self._run.platform.dremio, self._run.platform.postgres)
        self.report.hot_files = {stream: hot.file_count(stream) for stream in STREAMS}
        self.report.kills = dict(self._run.kills)
        self.report.seconds = time.monotonic() - self._began
        return self.report

    def say(self, words: str) -> None:
        """A line with the time since the beginning."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._log(f"{minutes:3d}:{seconds:02d}  {words}")

    def _play(self, act: Act) -> None:
        self._run.live.at(act.rate)
        self._run.keep()
        found = act.fault(self._run)
        self._run.live.stop()
        caught_up = self._run.catch_up()
        self._reckon(act)
        self.report.acts.append(act.name)
        self.say(
            f"{act.rate:5d}/s  {act.name}: {found}; caught up after {caught_up:.1f} s, equal to the shop"
        )

    def _reckon(self, act: Act) -> None:
        """Nothing changes now, so that every row can be compared."""
        try:
            reckon(self._run.platform)
        except AssertionError as error:
            raise AssertionError(f"after {act.name!r} at {act.rate}/s: {error}") from error
