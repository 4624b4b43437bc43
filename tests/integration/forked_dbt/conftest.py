"""A forked dbt for all tests, one for each, and runs that wait for a Dremio whose jobs never end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.forked_dbt.endless_dremio import EndlessDremio, endless_dremio
from tests.integration.forked_dbt.processes import ForkedDbt, forked_dbt


@pytest.fixture(scope="session", autouse=True)
def signals_as_in_a_shell() -> Iterator[None]:
    """A run started by `nohup` or in the background ignores some signals, as does what it starts."""
    numbers = (signal.SIGHUP, signal.SIGQUIT)
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedDbt]:
    """Shared by the tests, so that dbt is imported once."""
    made = forked_dbt(tmp_path_factory.mktemp("forked"), dict(os.environ))
    yield made
    made.stop()


@pytest.fixture
def own_dbt(tmp_path: Path) -> Iterator[ForkedDbt]:
    """For one test, with parents of its own: too few runs to be worth warming one."""
    made = forked_dbt(tmp_path, dict(os.environ) | {"LAKEHOUSE_DBT_WARMED": "0"})
    yield made
    made.stop()


@dataclass
class Waiting:
    """Runs that wait for a job that does not end."""

    dbt: ForkedDbt
    dremio: EndlessDremio
    jobs: list[str] = field(default_factory=list)
    """In the order in which their runs were started."""

    @property
    def environment(self) -> dict[str, str]:
        """What leads dbt to this Dremio."""
        return {"DREMIO_PORT": str(self.dremio.port)}

    def start(self, **told: str) -> subprocess.Popen[str]:
        """Start `dbt run`; it waits for a job when this returns."""
        process = self.dbt.start("run", **self.environment, **told)
        self.note()
        return process

    def note(self) -> None:
        """Wait until one more run waits for a job."""
        self.jobs.append(self.dremio.next_waiting(set(self.jobs)))


@pytest.fixture
def waiting(dbt: ForkedDbt) -> Iterator[Waiting]:
    """On the shared forked dbt."""
    with endless_dremio() as dremio:
        yield Waiting(dbt, dremio)


@pytest.fixture
def own_waiting(own_dbt: ForkedDbt) -> Iterator[Waiting]:
    """On a forked dbt of the test's own."""
    with endless_dremio() as dremio:
        yield Waiting(own_dbt, dremio)
