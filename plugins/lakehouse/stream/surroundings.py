"""What the loop asks about the world around it, and how fast it goes: tests put in their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from lakehouse.platform.stop_event import StopEvent
from lakehouse.stream.plan import GIVE_UP_AFTER, HEARTBEAT_SECONDS, LOOK_SECONDS, WAIT_AFTER_FAILURE

FIRST_BACKOFF_SECONDS: Final = 1.0
LONGEST_BACKOFF_SECONDS: Final = 30.0


class Follower(Protocol):
    """What runs beside the loop in a thread of its own, such as the measuring of lag."""

    def start(self) -> None:
        """Begin."""

    def stop(self, on_purpose: bool = False) -> None:
        """End; `on_purpose`: a person has paused the stream."""


@dataclass
class Surroundings:
    """The clock, the night, and whoever wants the loop to end."""

    paused: Callable[[], bool] = lambda: False
    night_is_late: Callable[[datetime], str | None] = lambda _: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopped: StopEvent = field(default_factory=StopEvent)
    """Set: end at once; the batch in flight goes on with the next run."""
    leave: StopEvent = field(default_factory=StopEvent)
    """Set: end when the batch in flight is merged."""

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until the loop is told to end."""
        self.leave.wait(seconds)


@dataclass(frozen=True)
class Pace:
    """How fast a loop goes."""

    heartbeat_seconds: float = HEARTBEAT_SECONDS
    look_seconds: float = LOOK_SECONDS
    give_up_after: timedelta = GIVE_UP_AFTER
    wait_after_failure: timedelta = WAIT_AFTER_FAILURE
    first_backoff_seconds: float = FIRST_BACKOFF_SECONDS
