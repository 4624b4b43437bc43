"""What Swift's proxy remembers of its account and bucket."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import pytest

from embedded.object_store import info_cache
from embedded.object_store.info_cache import InfoCache, filter_factory


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(info_cache.time, "monotonic", lambda: now[0])
    return now


def test_a_value_is_kept_for_its_seconds(now: list[float]) -> None:
    cache = InfoCache()
    cache.set("container/lake/datalake", {"status": 200, "count": 7}, time=60)
    now[0] += 59
    assert cache.get("container/lake/datalake", raise_on_error=True) == {"status": 200, "count": 7}
    now[0] += 1
    assert cache.get("container/lake/datalake") is None


def test_what_the_proxy_deletes_is_forgotten(now: list[float]) -> None:
    cache = InfoCache()
    cache.set("container/lake/datalake", {"status": 404}, time=6)
    cache.delete("container/lake/datalake")
    cache.delete("container/lake/other")
    assert cache.get("container/lake/datalake") is None


def test_a_reader_that_changes_what_it_got_changes_nothing_for_the_next(now: list[float]) -> None:
    cache = InfoCache()
    given = {"sysmeta": {"acl": "none"}}
    cache.set("account/lake", given, time=60)
    given["sysmeta"]["acl"] = "changed by the writer"
    cache.get("account/lake")["sysmeta"]["acl"] = "changed by a reader"
    assert cache.get("account/lake") == {"sysmeta": {"acl": "none"}}


def test_every_request_finds_the_same_cache_where_swift_looks_for_it() -> None:
    found: list[Any] = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found.append(environ["swift.cache"])
        return [b"answer"]

    filtered = filter_factory({})(application)
    for _ in range(2):
        assert list(filtered({}, lambda *_: None)) == [b"answer"]
    assert isinstance(found[0], InfoCache)
    assert found[0] is found[1]


def test_the_proxys_configuration_names_the_filter() -> None:
    module, _, name = info_cache.NAME.partition(":")
    assert getattr(importlib.import_module(module), name) is filter_factory
