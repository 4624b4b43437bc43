"""The health check of a service that speaks HTTP."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import httpx

from embedded.stack.service import NotReadyError

ANSWER_SECONDS = 5.0


def answers(url: str, verify: Callable[[httpx.Response], str | None] = lambda _: None) -> Callable[[], None]:
    """A check that `url` answers 200 and that `verify` finds nothing to say against the answer."""

    def check() -> None:
        try:
            response = _client().get(url)
        except httpx.HTTPError as error:
            raise NotReadyError(f"no answer from {url} ({error})") from error
        if response.status_code != httpx.codes.OK:
            raise NotReadyError(f"{url} answered {response.status_code}")
        if complaint := verify(response):
            raise NotReadyError(f"{url}: {complaint}")

    return check


@cache
def _client() -> httpx.Client:
    """One for all checks: each would read the machine's certificates, and the services speak plain HTTP."""
    alone = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=ANSWER_SECONDS, trust_env=False, verify=False, limits=alone)  # noqa: S501
