"""Prometheus, Alertmanager and the observer as optional services, configured as in production."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.settings import HOST, ROOT, Settings
from embedded.stack.http_check import answers
from embedded.stack.service import OBSERVER_NICE, PreparationError, Program, Service

FETCHED = ROOT / ".local" / "prometheus"
PROGRAMS = FETCHED / "usr" / "bin"
OBSERVE = ROOT / "include" / "observe"
PORTS_IN_PRODUCTION = {"observer": 9187, "prometheus": 9090, "alertmanager": 9093}
RETENTION = ("--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.size=1GB")


def prometheus(settings: Settings) -> Service:
    folder = settings.service_dir("prometheus")
    port = settings.port("PROMETHEUS")
    program = Program(
        "prometheus",
        (
            str(PROGRAMS / "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            f"--web.local-assets={FETCHED / 'usr/share/prometheus/web'}",
            *RETENTION,
        ),
        # Two cores at most: Go would otherwise keep memory for each of the machine's.
        environment=lambda: {"GOMAXPROCS": "2", "GOGC": "50"},
        stop_seconds=30,
        nice=OBSERVER_NICE,
    )
    return Service(
        name="prometheus",
        title="Prometheus 2.42",
        address=f"http://{HOST}:{port}",
        ports=("PROMETHEUS",),
        programs=(program,),
        check=answers(f"http://{HOST}:{port}/-/ready"),
        obstacles=_not_fetched,
        prepare=lambda: _write_prometheus(folder, settings),
        start_seconds=60,
        optional=True,
    )


def alertmanager(settings: Settings) -> Service:
    folder = settings.service_dir("alertmanager")
    port = settings.port("ALERTMANAGER")
    program = Program(
        "alertmanager",
        (
            str(PROGRAMS / "prometheus-alertmanager"),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            # One alone: without an address there is no cluster, and no second port.
            "--cluster.listen-address=",
        ),
        environment=lambda: {"GOMAXPROCS": "2", "GOGC": "50"},
        nice=OBSERVER_NICE,
    )
    return Service(
        name="alertmanager",
        title="Alertmanager 0.25",
        address=f"http://{HOST}:{port}",
        ports=("ALERTMANAGER",),
        programs=(program,),
        check=answers(f"http://{HOST}:{port}/-/ready"),
        obstacles=_not_fetched,
        prepare=lambda: _write_alertmanager(folder, settings),
        start_seconds=60,
        optional=True,
    )


def observer(settings: Settings, user_values: Callable[[], Mapping[str, str]]) -> Service:
    """The process of plugins/lakehouse/observe; it is told addresses by the platform's own variables, and by
    what the user has set in place of these."""
    base = f"http://{HOST}:{settings.port('OBSERVER')}"
    program = Program(
        "observer",
        (str(settings.python("airflow")), "-m", "lakehouse.observe"),
        environment=lambda: {**user_values(), **observer_environment(settings)},
        nice=OBSERVER_NICE,
    )
    return Service(
        name="observer",
        title="Observer (metrics, alerts)",
        address=base,
        ports=("OBSERVER",),
        programs=(program,),
        check=answers(f"{base}/health"),
        needs=("postgres",),
        start_seconds=120,
        optional=True,
    )


def observer_environment(settings: Settings) -> Mapping[str, str]:
    """What the observer needs beside the wire."""
    return {
        "AIRFLOW_HOME": str(settings.service_dir("airflow")),
        "PYTHONPATH": str(ROOT / "plugins"),
        "OBSERVER_ADDRESS": f"{HOST}:{settings.port('OBSERVER')}",
        # `make down` means it; the next `make up` without OBSERVE=1 must not page for the observer's silence.
        "OBSERVER_RETIRES": "1",
        "LAKEHOUSE_DISKS": f"state:{settings.state_dir}",
        "LAKEHOUSE_LAKE_DISK": str(settings.state_dir),
    }


def addressed(text: str, settings: Settings) -> str:
    """A configuration of include/observe with this platform's addresses.

    Raises PreparationError when it names none: then production's file has changed, and this one not with it.
    """
    changed = text
    for name, port in PORTS_IN_PRODUCTION.items():
        changed = changed.replace(f"{name}:{port}", f"{HOST}:{settings.port(name.upper())}")
    if changed == text:
        raise PreparationError(
            "a configuration of include/observe names neither observer:9187 nor another address"
        )
    return changed


def _write_prometheus(folder: Path, settings: Settings) -> None:
    text = addressed((OBSERVE / "prometheus.yml").read_text(), settings)
    # Beside the copy there is no rules.yml: the repository's own is read.
    _write(folder, "prometheus.yml", text.replace("- rules.yml", f"- {OBSERVE / 'rules.yml'}"))


def _write_alertmanager(folder: Path, settings: Settings) -> None:
    text = addressed((OBSERVE / "alertmanager.yml").read_text(), settings)
    _write(folder, "alertmanager.yml", text)


def _write(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def _not_fetched() -> list[str]:
    """Debian's programs, which a make target fetches; they must also run on this machine."""
    program = PROGRAMS / "prometheus"
    if not program.exists():
        return [f"{program} is not there: run `make setup-observe`"]
    if not os.access(program, os.X_OK):
        return [f"{program} cannot be run by this user"]
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"{program} does not run here: {done.stderr.strip()}"]
