"""What one HTTP client may take: bytes and time for a request's head and body."""

import asyncio
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class BoundedBodies:
    """ASGI: a body that is too large, chunked or not, is a 413; one that does not arrive in time a 408.

    The body is read before the application runs, so a slow client holds no thread of it.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float) -> None:
        self._app, self._limit, self._seconds = app, limit, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._body(scope, receive)
        except TimeoutError:
            await _refuse(408, "The request body did not arrive in time.", scope, receive, send)
            return
        if body is None:
            await _refuse(413, "The request body is too large.", scope, receive, send)
            return
        given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return given.pop() if given else await receive()

        await self._app(scope, replay, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > self._limit:
            return None
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > self._limit:
                return None
            if not message.get("more_body", False):
                return bytes(body)


async def _refuse(status: int, words: str, scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"connection": "close"}
    answer = JSONResponse({"errorMessage": words, "moreInfo": ""}, status_code=status, headers=headers)
    await answer(scope, receive, send)


def impatient_protocol(seconds: float) -> type[asyncio.Protocol]:
    """uvicorn's HTTP/1.1, which closes a connection whose request head takes longer than `seconds`.

    uvicorn itself waits forever once a first byte has come.
    """

    class Impatient(H11Protocol):
        _head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            if self._head_timer is None and not self._in_request():
                self._wait_for_head()
            super().data_received(data)
            if self._in_request():
                self._stop_waiting()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _in_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _wait_for_head(self) -> None:
            self._head_timer = self.loop.call_later(seconds, self._give_up)

        def _stop_waiting(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _give_up(self) -> None:
            self._head_timer = None
            if not self._in_request() and not self.transport.is_closing():
                self.transport.close()

    return Impatient
