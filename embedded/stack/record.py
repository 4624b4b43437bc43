"""What was started, kept beside the running platform: `down` and `status` read it instead of today's code.

The checkout may have moved on to other services since, and the code that describes them may need packages
or environments that are missing by now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from embedded.stack.private_files import write_private
from embedded.stack.service import NotReadyError, Program, Service

NAME = "services.json"


class UncheckedError(NotReadyError):
    """Whether the service is healthy cannot be said: the record of a service has no health check."""


def write_record(run_dir: Path, services: Iterable[Service]) -> None:
    """Keep what the stack needs to stop these services and to show them. Holds no secret."""
    write_private(run_dir / NAME, json.dumps([_facts(service) for service in services], indent=1))


def read_record(run_dir: Path) -> dict[str, Service]:
    """The services that were started last, by name, without their steps; empty when none ever was."""
    path = run_dir / NAME
    if not path.exists():
        return {}
    return {facts["name"]: _service(facts) for facts in json.loads(path.read_text())}


def _facts(service: Service) -> dict[str, Any]:
    return {
        "name": service.name,
        "title": service.title,
        "address": service.address,
        "ports": service.ports,
        "needs": service.needs,
        "optional": service.optional,
        "programs": [
            {
                "name": program.name,
                "argv": program.argv,
                "stop_signal": program.stop_signal,
                "stop_seconds": program.stop_seconds,
                "signal_whole_group": program.signal_whole_group,
                "nice": program.nice,
            }
            for program in service.programs
        ],
    }


def _service(facts: dict[str, Any]) -> Service:
    programs = tuple(Program(**{**known, "argv": tuple(known["argv"])}) for known in facts["programs"])
    return Service(
        name=facts["name"],
        title=facts["title"],
        address=facts["address"],
        ports=tuple(facts["ports"]),
        needs=tuple(facts["needs"]),
        programs=programs,
        check=_cannot_check,
        # A platform that an older checkout started has no such fact.
        optional=facts.get("optional", False),
    )


def _cannot_check() -> None:
    raise UncheckedError("the record of a service has no health check")
