"""`python -m embedded.airflow.components`: Airflow's four components, forked from one process that has loaded
Airflow and the libraries of the DAGs.

Each component by itself takes seconds of processor time and 150 MB to load Airflow; forked, they share it.
The scheduler forks each task from itself, and the DAG processor each parse: what such a child imports it
imports again every time, half a second to a second of processor time for the libraries below. Loaded here,
they are there already. Airflow's own setting for it, `[dag_processor] parsing_pre_import_modules`, covers the
DAG processor and the modules of `airflow` only. The repository's own modules are loaded too, and read again
after an edit (`own_modules`). Runs in Airflow's environment, not in that of the embedded services.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final

from embedded.airflow import own_modules, wakeup

LIBRARIES: Final = (
    "airflow.cli.cli_parser",
    "airflow.dag_processing.dagbag",
    "airflow.jobs.scheduler_job_runner",
    "airflow.providers.airbyte.hooks.airbyte",
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.decorators.short_circuit",
    "airflow.providers.standard.operators.empty",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "boto3.session",
    "botocore.client",
    "cosmos.airflow.task_group",
    "cosmos.operators.local",
    "httpx",
    "openlineage.common.provider.dbt.local",
    "pyarrow.compute",
    "pyarrow.parquet",
    "requests",
    "yaml",
)
"""Airflow, what the modules of `plugins/lakehouse` and the DAG files import beside it, and what Cosmos
imports only when a dbt task has run."""

NOTIFIERS: Final = ("triggerer", "api-server")
"""The components that notify the scheduler when they commit something for it to schedule."""

COMPONENTS: Final = {
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
    "api-server": (),
}
"""Their arguments. All read and write the logs of one folder, so that no log server is needed, which would
listen on every interface."""

STABLE_SECONDS: Final = 10.0
"""A component that ends sooner after its start has failed to start."""
ATTEMPTS: Final = 3
RESTART_SECONDS: Final = 1.0
STOP_SECONDS: Final = 15
PR_SET_PDEATHSIG: Final = 1
"""prctl(2): the signal that a child gets when its parent has ended."""


def preload() -> None:
    """Import the libraries and the repository's own modules, and keep the garbage collector's hands off them.

    In a child it would touch, and so copy, every object that is shared with this process.
    """
    for library in LIBRARIES:
        importlib.import_module(library)
    _share_service_descriptions()
    own_modules.preload()
    gc.collect()
    gc.freeze()


def _share_service_descriptions() -> None:
    """Let all sessions of botocore share what one has read of its service descriptions.

    A session keeps what it has read, and Airflow's hook makes a session for each client: 0.3 s of processor
    time for 2 MB of JSON, in every task that opens the lake.
    """
    from botocore import loaders

    class Loader(loaders.Loader):
        _kept: ClassVar[dict[tuple[str, ...], dict[object, object]]] = {}

        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            self._cache = self._kept.setdefault(tuple(self.search_paths), {})

    loaders.Loader = Loader
    import boto3.session

    boto3.session.Session().client("s3", region_name="us-east-1")


class Family:
    """Children forked from this process, each in a process group of its own, started again when it ends."""

    def __init__(self, members: Mapping[str, Callable[[], object]]) -> None:
        self._members = members
        self._running: dict[int, str] = {}
        self._started: dict[str, float] = {}
        self._failures = dict.fromkeys(members, 0)
        self._stopping = False

    def run(self) -> int:
        """Until all have been stopped by SIGTERM or SIGINT: 0. 1 when one cannot be kept up."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())
        signal.signal(signal.SIGALRM, lambda *_: self._signal_all(signal.SIGKILL))
        for name in self._members:
            self._start(name)
        exhausted = False
        while self._running:
            pid, status = os.wait()
            if pid not in self._running:
                continue
            name = self._running.pop(pid)
            if self._stopping:
                continue
            print(f"{name} ended with {os.waitstatus_to_exitcode(status)}", file=sys.stderr, flush=True)
            _signal_group(pid, signal.SIGKILL)
            if self._gives_up(name):
                exhausted = True
                self._stop()
                continue
            time.sleep(RESTART_SECONDS)
            self._start(name)
        return int(exhausted)

    def _gives_up(self, name: str) -> bool:
        young = time.monotonic() - self._started[name] < STABLE_SECONDS
        self._failures[name] = self._failures[name] + 1 if young else 0
        return self._failures[name] >= ATTEMPTS

    def _start(self, name: str) -> None:
        if self._stopping:
            return
        self._started[name] = time.monotonic()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            _end_with(parent)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            self._members[name]()
            sys.exit()
        self._running[pid] = name
        with contextlib.suppress(OSError):  # the child was quicker
            os.setpgid(pid, pid)
        if self._stopping:  # told so meanwhile
            _signal_group(pid, signal.SIGTERM)

    def _stop(self) -> None:
        """Ask all to end, and what the scheduler runs with them; whoever has not in time is killed."""
        self._stopping = True
        self._signal_all(signal.SIGTERM)
        signal.alarm(STOP_SECONDS)

    def _signal_all(self, number: int) -> None:
        for pid in self._running:
            _signal_group(pid, number)


def _signal_group(leader: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, number)


def _end_with(parent: int) -> None:
    """Have the kernel end this process when its parent is killed."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def component(name: str, arguments: Sequence[str]) -> Callable[[], object]:
    """Airflow's command of that name."""

    def become() -> object:
        from airflow.__main__ import main as airflow

        if name in NOTIFIERS:
            wakeup.notify_on_commits()
        sys.argv = ["airflow", name, *arguments]
        return airflow()

    return become


def main() -> None:
    """Load, fork, and look after the children."""
    preload()
    wakeup.create()
    family = Family({name: component(name, arguments) for name, arguments in COMPONENTS.items()})
    sys.exit(family.run())


if __name__ == "__main__":
    main()
