"""A request to each service's API at every gathering: does it answer, and with what code?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from lakehouse.observe.metrics.observation import Found, Increment, Reading

SECONDS: Final = 5.0
NO_ANSWER: Final = "none"
"""The code of a request that was not answered."""


@dataclass(frozen=True)
class Probe:
    """Where a service answers without a login."""

    service: str
    url: str


class ServiceApis:
    """One GET to each. A service that is away is a value of the metric, not a failure of this source."""

    name = "apis"

    def __init__(self, probes: Sequence[Probe], transport: httpx.BaseTransport | None = None) -> None:
        self._probes = probes
        self._transport = transport

    def look(self, position: Mapping[str, Any]) -> Found:
        """Ask every service once."""
        found = Found(position=position)
        with httpx.Client(timeout=SECONDS, transport=self._transport) as client:
            for probe in self._probes:
                code = _code(client, probe.url)
                labels = {"service": probe.service, "endpoint": urlsplit(probe.url).path, "code": code}
                found.increments.append(Increment("api_requests_total", labels, 1))
                up = float(code.startswith("2"))
                found.readings.append(Reading("lakehouse_api_up", {"service": probe.service}, up))
        return found


def _code(client: httpx.Client, url: str) -> str:
    try:
        with client.stream("GET", url) as answer:
            return str(answer.status_code)
    except httpx.HTTPError:
        return NO_ANSWER
