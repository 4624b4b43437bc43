"""A shop of its own for each test: its tables may be altered and its slot lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.lakehouse.captured_shop import CapturedShop, captured_shop, shop_template
from testing.lakehouse.stream_platform import StreamPlatform

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def template(platform: StreamPlatform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with shop_template(platform, tmp_path_factory.mktemp("shop")) as name:
        yield name


@pytest.fixture
def unread(platform: StreamPlatform, template: str, tmp_path: Path) -> Iterator[CapturedShop]:
    """A shop that nobody has read yet."""
    with captured_shop(platform, template, f"captured_shop_{next(_NUMBERS)}", tmp_path) as shop:
        yield shop


@pytest.fixture
def captured(unread: CapturedShop) -> CapturedShop:
    """A shop after its first sync."""
    unread.sync()
    unread.seen()
    return unread
