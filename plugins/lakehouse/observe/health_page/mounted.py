"""How Airflow finds the page: what its plugin registers, at the cost of next to nothing.

Every process of Airflow loads the plugin, and only the API server ever answers a request, so the page itself
is imported at the first one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

PREFIX: Final = "/lakehouse"
"""Where the API server mounts the application."""
PAGE: Final = "lakehouse/health"
"""The page's address, relative to Airflow's own, whatever path that is served under."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class HealthPage:
    """An ASGI application that is loaded when it is first asked for something."""

    def __init__(self) -> None:
        self._loaded: Application | None = None
        self._loading: asyncio.Lock | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._loaded is None:
            # Made here: a lock belongs to a running loop, and the plugin is loaded without one.
            self._loading = self._loading or asyncio.Lock()
            async with self._loading:
                if self._loaded is None:
                    self._loaded = await asyncio.to_thread(_load)
        await self._loaded(scope, receive, send)


def _load() -> Application:
    from lakehouse.observe.health_page.app import health_app

    return health_app()


FASTAPI_APP: Final[dict[str, Any]] = {"app": HealthPage(), "url_prefix": PREFIX, "name": "Pipeline health"}

EXTERNAL_VIEW: Final[dict[str, Any]] = {
    "name": "Health",
    "href": PAGE,
    "destination": "nav",
    "url_route": "health",
    "icon": "lakehouse/static/icon.svg",
    "icon_dark_mode": "lakehouse/static/icon-dark.svg",
    "nav_top_level": True,
}
"""Airflow shows the page in a frame, at /plugin/health."""
