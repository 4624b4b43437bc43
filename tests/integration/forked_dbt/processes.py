"""Forked dbt as its tests drive it: a runtime folder of its own, a project of one model, its processes."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from lakehouse.dbt.project import CLIENT, dbt_environment
from testing.waiting import wait_until

SECONDS: Final = 300
"""How long any condition may take on a machine that does something else as well."""

SECRET: Final = "known to the invocation only"

PROJECT: Final = {
    "dbt_project.yml": """
name: small
profile: small
model-paths: [models]
flags: {send_anonymous_usage_stats: false}
models: {small: {+materialized: table}}
""",
    "profiles.yml": """
small:
  target: "{{ env_var('SMALL_TARGET', 'one') }}"
  outputs:
    one: &one
      type: dremio
      software_host: "{{ env_var('DREMIO_HOST', '127.0.0.1') }}"
      port: "{{ env_var('DREMIO_PORT', '1') | as_number }}"
      user: "{{ env_var('DREMIO_USER', 'nobody') }}"
      password: "{{ env_var('DREMIO_PASSWORD', 'nothing') }}"
      use_ssl: false
      object_storage_source: staging
      object_storage_path: no_schema
      dremio_space: staging
      dremio_space_folder: no_schema
      threads: 1
    two: *one
""",
    "models/first.sql": "select 1 as id\n",
}


@dataclass
class Ended:
    """How an invocation ended."""

    code: int
    out: str
    err: str


@dataclass
class ForkedDbt:
    """The client, in an environment of its own, on a small project."""

    folder: Path
    project: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def runtime(self) -> Path:
        """Where the parent's socket lies."""
        return self.folder / "dbt"

    def start(self, *arguments: str, client: Path = CLIENT, **told: str) -> subprocess.Popen[str]:
        """Start dbt in the background, in a session of its own as Cosmos does."""
        process = subprocess.Popen(
            [client, *arguments],
            cwd=self.project,
            env=self.environment | told,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **told: str) -> Ended:
        """Run dbt to its end."""
        return ended(self.start(*arguments, **told))

    def plain(self, *arguments: str, **told: str) -> Ended:
        """The same by plain dbt."""
        return self.run(*arguments, LAKEHOUSE_DBT_FORKED="0", **told)

    def parents(self) -> list[psutil.Process]:
        """The parents that belong to this folder."""
        return [each for each in psutil.process_iter() if self._is_parent(each)]

    def parent(self) -> psutil.Process:
        """The one parent."""
        (parent,) = self.parents()
        return parent

    def child(self) -> psutil.Process:
        """The one forked dbt, once there is one."""
        (child,) = until(lambda: [each for parent in self.parents() for each in parent.children()])
        return child

    def stop(self) -> None:
        """End all that was started."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
        for parent in self.parents():
            with_children = [parent, *parent.children(recursive=True)]
            parent.terminate()
            _, alive = psutil.wait_procs(with_children, timeout=20)
            assert not alive, f"outlived its parent: {alive}"

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _is_parent(self, process: psutil.Process) -> bool:
        """A forked process has its parent's command line and, as `environ` shows it, environment."""
        try:
            above = process.parent()
            return self._serves_here(process) and not (above and self._serves_here(above))
        except (psutil.Error, OSError):
            return False

    def _serves_here(self, process: psutil.Process) -> bool:
        program = any(word.endswith("forked/parent.py") for word in process.cmdline())
        return program and process.environ().get("LAKEHOUSE_STATE_DIR") == str(self.folder)


def forked_dbt(folder: Path, environment: dict[str, str]) -> ForkedDbt:
    """Forked dbt with its runtime folder and its project below `folder`."""
    project = folder / "project"
    state = folder / "state"
    state.mkdir(parents=True)
    own = {
        "LAKEHOUSE_STATE_DIR": str(state),
        "LAKEHOUSE_DBT_ENVIRONMENT": str(dbt_environment()),
        "DBT_PROFILES_DIR": str(project),
        "DO_NOT_TRACK": "1",
        "DBT_USE_COLORS": "false",
        "DBT_ENV_SECRET_DREMIO_PASSWORD": SECRET,
    }
    made = ForkedDbt(state, project, environment | own)
    for name, text in PROJECT.items():
        made.write(name, text)
    return made


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end."""
    out, err = process.communicate(timeout=SECONDS)
    return Ended(process.returncode, out, err)


def until(condition: Callable[[], Any]) -> Any:
    """The first result of `condition` that is true."""
    found: list[Any] = []
    wait_until(lambda: found.append(condition()) or found[-1], "what the test waits for", SECONDS)
    return found[-1]


def signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """As Cosmos kills a task's dbt: the whole process group."""
    os.killpg(os.getpgid(process.pid), number)
