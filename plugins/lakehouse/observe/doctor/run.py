"""Runs probes side by side; each ends in time, and the fault of one is nobody else's."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings

PROBE_SECONDS: Final = 12.0
"""A probe that takes longer has not seen everything; what it found by then counts."""
KNOCK_SECONDS: Final = 2.0
"""A service that nobody answers for within this time is down: its probes are not started."""


@dataclass(frozen=True)
class Probe:
    """One look."""

    name: str
    group: str
    """`--only` takes the name or this."""
    look: Callable[[Surroundings], Iterable[Finding]]
    needs: tuple[str, ...] = ()
    """Airflow connections of the services without which there is nothing to see."""


@dataclass
class Outcome:
    """What came of a probe."""

    probe: Probe
    findings: list[Finding] = field(default_factory=list)
    not_seen: str | None = None
    """Why it could not look, or not at everything."""
    nothing_to_see: str | None = None
    """Why there is nothing to look at here, which is not a fault."""
    seconds: float = 0.0


def examine(
    probes: Sequence[Probe], surroundings: Surroundings, seconds: float = PROBE_SECONDS
) -> list[Outcome]:
    """All probes at once, in their order; takes little longer than `seconds`, whatever hangs."""
    silent = _silent(sorted({need for probe in probes for need in probe.needs}), surroundings)
    outcomes = [Outcome(probe) for probe in probes]
    threads = []
    for outcome in outcomes:
        down = [silent[need] for need in outcome.probe.needs if need in silent]
        if down:
            outcome.not_seen = "; ".join(down)
            continue
        # Daemons: one that hangs must not keep the process from ending.
        thread = threading.Thread(target=_look, args=(outcome, surroundings), daemon=True)
        threads.append((thread, outcome))
        thread.start()
    until = time.monotonic() + seconds
    for thread, outcome in threads:
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            outcome.not_seen = f"no answer within {seconds:.0f} s"
            outcome.seconds = seconds
    return outcomes


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """2 if a probe could not look, else 1 if one has found something, else 0."""
    if any(outcome.not_seen for outcome in outcomes):
        return 2
    found = [finding for outcome in outcomes for finding in outcome.findings]
    return 1 if any(finding.severity is not Severity.NOTE for finding in found) else 0


def _look(outcome: Outcome, surroundings: Surroundings) -> None:
    began = time.monotonic()
    try:
        for finding in outcome.probe.look(surroundings):
            outcome.findings.append(finding)
    except NotConfiguredError as reason:
        outcome.nothing_to_see = str(reason)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other probes' findings count
        outcome.not_seen = f"{type(error).__name__}: {' '.join(str(error).split())}"
    outcome.seconds = time.monotonic() - began


def _silent(conn_ids: Sequence[str], surroundings: Surroundings) -> Mapping[str, str]:
    """Why a service cannot be asked, by connection, for those that do not even accept a connection."""
    if not conn_ids:
        return {}
    with ThreadPoolExecutor(len(conn_ids)) as pool:
        answers = pool.map(lambda conn_id: _knock(conn_id, surroundings), conn_ids)
        return {conn_id: why for conn_id, why in zip(conn_ids, answers, strict=True) if why}


def _knock(conn_id: str, surroundings: Surroundings) -> str | None:
    try:
        address = surroundings.address(conn_id)
        if address is not None:
            socket.create_connection(address, timeout=KNOCK_SECONDS).close()
    except NotConfiguredError:
        return None  # the probe itself says so
    except OSError as error:
        return f"{conn_id} does not answer: {error.strerror or error}"
    return None
