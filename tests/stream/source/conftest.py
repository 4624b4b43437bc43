"""Shops of these tests' own: their tables may be altered and their slots lost."""

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
    """A shop of the test's own after its first sync."""
    unread.sync()
    unread.seen()
    return unread


@pytest.fixture(scope="module")
def module_shop(
    platform: StreamPlatform, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CapturedShop]:
    name = f"captured_shop_{next(_NUMBERS)}"
    with captured_shop(platform, template, name, tmp_path_factory.mktemp(name)) as shop:
        shop.sync()
        yield shop


@pytest.fixture
def shared(module_shop: CapturedShop) -> CapturedShop:
    """A shop that only this file's tests change, with the orders 1 to 20; all before the test has landed."""
    [(orders,)] = module_shop.run("select count(*) from orders where order_id between 1 and 20")
    if orders < 20:
        module_shop.run(
            "insert into orders select g, 1, 1, '2025-10-16', 2, 5.25, 10.50, 'pending', now(), now(), null"
            " from generate_series(1, 20) g on conflict do nothing"
        )
    module_shop.sync()
    module_shop.seen()
    return module_shop
