"""The queue of jobs that wait for their turn: bounded, and fair among users."""

import threading
from collections import Counter, OrderedDict, deque

from dremio_engine.errors import TooMany
from dremio_engine.jobs.job import Job

# Dremio's Community Edition has the queues LARGE and SMALL, distinguished by cost; the engine has one.
QUEUE = "LARGE"


class FairQueue:
    """Gives the oldest job of each user in turn, and no user more than `per_user` at a time.

    So a user with a thousand jobs delays another's first one by one job, and never has every place.
    """

    def __init__(self, per_user: int, length: int, user_length: int) -> None:
        self._per_user, self._length, self._user_length = per_user, length, user_length
        self._changed = threading.Condition()
        # Users in the order of their next turn.
        self._waiting: OrderedDict[str, deque[Job]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._closed = False

    def put(self, job: Job) -> None:
        """Let a job wait. Raises TooMany when the queue, or the user's part of it, is full."""
        with self._changed:
            own = self._waiting.setdefault(job.user, deque())
            if len(own) >= self._user_length or len(self) >= self._length:
                if not own:
                    del self._waiting[job.user]
                raise TooMany("RESOURCE ERROR: the queue of jobs is full; try again when some have ended.")
            own.append(job)
            self._changed.notify()

    def take(self) -> Job | None:
        """Wait for a job whose turn it is; nothing once the queue is closed."""
        with self._changed:
            while not self._closed:
                if (job := self._next()) is not None:
                    return job
                self._changed.wait()
        return None

    def ended(self, job: Job) -> None:
        """A job that was taken leaves its place."""
        with self._changed:
            self._running[job.user] -= 1
            if not self._running[job.user]:
                del self._running[job.user]
            self._changed.notify()

    def remove(self, job: Job) -> bool:
        """Take a job out of the queue; false when it is not in it."""
        with self._changed:
            own = self._waiting.get(job.user)
            if own is None or job not in own:
                return False
            own.remove(job)
            if not own:
                del self._waiting[job.user]
            return True

    def waiting(self) -> list[Job]:
        """Every job in the queue."""
        with self._changed:
            return [job for own in self._waiting.values() for job in own]

    def close(self) -> None:
        """No job is handed out from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return sum(len(own) for own in self._waiting.values())

    def _next(self) -> Job | None:
        for user, own in self._waiting.items():
            if self._running[user] >= self._per_user:
                continue
            job = own.popleft()
            if own:
                self._waiting.move_to_end(user)
            else:
                del self._waiting[user]
            self._running[user] += 1
            return job
        return None
