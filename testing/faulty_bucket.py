"""An object store's client with a fault at a chosen write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class FaultyBucket:
    """A boto3 client before whose n-th PUT something happens."""

    def __init__(self, client: Any, strike: Callable[[], None], at: int) -> None:
        self._client = client
        self._strike = strike
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self._strike()
        return self._client.put_object(**arguments)


def raising(error: BaseException) -> Callable[[], None]:
    """A strike that is this error: the write never happens."""

    def strike() -> None:
        raise error

    return strike
