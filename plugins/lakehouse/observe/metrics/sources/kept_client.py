"""A client that is kept from one look to the next: signing in costs a service more than the look itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What gives its connections back."""

    def close(self) -> None:
        """Give them back."""


Client = TypeVar("Client", bound=Closable)


class KeptClient(Generic[Client]):
    """Makes the client when it is first needed, and again after it has met an error."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None

    @contextmanager
    def open(self) -> Iterator[Client]:
        """The client for one look; given up when the look fails."""
        client = self._client or self._connect()
        self._client = None
        try:
            yield client
        except BaseException:
            with suppress(Exception):
                client.close()
            raise
        self._client = client
