"""A filter for Swift's proxy: it remembers that the account and the bucket exist.

In production memcached does. Without a cache the proxy asks the account server and the container server
before every request for an object: two thirds of the processor time of a small read. There is
one proxy process, so a dictionary in it is as consistent as memcached: the proxy itself deletes an entry when
it creates or deletes what the entry is about.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

NAME: Final = "embedded.object_store.info_cache:filter_factory"
"""What `paste.filter_factory` says in the proxy's configuration."""

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class InfoCache:
    """What the proxy uses of Swift's MemcacheRing. Values are kept as JSON, as memcached would keep them."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[float, str]] = {}

    def get(self, key: str, **_: object) -> Any:
        """The value, or None when there is none or its time is over."""
        until, text = self._entries.get(key, (0.0, ""))
        return json.loads(text) if time.monotonic() < until else None

    def set(self, key: str, value: Any, **options: Any) -> None:
        """Keep the value for `time` seconds."""
        self._entries[key] = (time.monotonic() + options.get("time", 0), json.dumps(value))

    def delete(self, key: str, **_: object) -> None:
        """Forget the value, if there is one."""
        self._entries.pop(key, None)


def filter_factory(_: Mapping[str, str], **__: str) -> Callable[[Application], Application]:
    """One cache for all requests of the process, at the place where Swift looks for it."""
    cache = InfoCache()

    def filtered(application: Application) -> Application:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            environ["swift.cache"] = cache
            return application(environ, start_response)

        return answer

    return filtered
