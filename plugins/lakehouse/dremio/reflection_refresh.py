"""A refresh of several reflections, looked at as one job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.errors import ReflectionError
from lakehouse.dremio.reflection_progress import Awaited, Ready, look
from lakehouse.platform.external_job.job import Phase


@dataclass(frozen=True)
class Refresh:
    """A request to refresh reflections, and how far Dremio is with it."""

    handle: dict[str, Any]
    """The request: `waiting`, the awaited reflections, and `changes`, what was changed before it."""
    ready: tuple[Ready, ...]
    late: tuple[Awaited, ...]
    """Those that are not ready yet."""
    error: ReflectionError | None
    """Why one of them cannot become ready."""

    @property
    def phase(self) -> Phase:
        """Over when all are ready or one cannot be."""
        if self.error is not None:
            return Phase.STOPPED
        return Phase.RUNNING if self.late else Phase.SUCCEEDED

    @property
    def progress(self) -> str:
        """How many are ready, and the error if there is one."""
        done = f"{len(self.ready)} of {len(self.handle['waiting'])} reflections are ready"
        return f"{done}: {self.error}" if self.error else done


class ReflectionRefreshes:
    """The requests as jobs of a client.

    A refresh belongs to Dremio and has no public job to cancel: a killed task leaves it running, and queries
    are correct either way.
    """

    def __init__(self, dremio: DremioClient) -> None:
        self.dremio = dremio

    def job(self, handle: dict[str, Any], /) -> Refresh:
        """The request as it is now."""
        ready: list[Ready] = []
        late: list[Awaited] = []
        for each in map(Awaited.from_json, handle["waiting"]):
            try:
                found = look(self.dremio, each)
            except ReflectionError as error:
                return Refresh(handle, tuple(ready), (*late, each), error)
            if found is None:
                late.append(each)
            else:
                ready.append(found)
        return Refresh(handle, tuple(ready), tuple(late), None)

    def cancel(self, handle: dict[str, Any], /) -> None:
        """Nothing to do: see above."""

    def close(self) -> None:
        """Give the connections back."""
        self.dremio.close()
