"""Live Orders in a headless browser: an order that is committed at the source appears, by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lakehouse.superset.operators import SupersetImportAssetsOperator
from testing.lakehouse.stream_platform import StreamPlatform
from testing.repository import ROOT
from tests.stream.stream_process import StreamProcess

PYTHON = ROOT / ".local" / "envs" / "superset" / "bin" / "python"
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ORDERS = 2
PAGE_SECONDS = 60
"""The specification: a live dashboard within a minute of the commit."""

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="no browser here (Debian 12: apt-get install chromium chromium-driver): the page is not looked at",
)


class Page:
    """The dashboard in a browser of its own."""

    def __init__(self, platform: StreamPlatform) -> None:
        address = f"{platform.wire['SUPERSET_URL']}/superset/dashboard/live-orders/"
        programs = {"CHROMIUM": str(BROWSER), "CHROMEDRIVER": str(DRIVER)}
        self._process = subprocess.Popen(
            [PYTHON, ROOT / "testing" / "live_page.py", address],
            env=platform.environ | programs | {"PYTHONPATH": ""},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def told(self) -> dict[str, Any]:
        """The next thing that the browser says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the browser has ended: see its error above"
        found: dict[str, Any] = json.loads(line)
        return found

    def seen_at(self, text: str) -> float:
        """When the text was on the page; seconds since 1970."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        answer = self.told()
        assert answer["shown"] == text
        return float(answer["at"])

    def leave(self) -> dict[str, Any]:
        """Close it; what it has asked of Superset."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.told()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def stream(platform: StreamPlatform) -> Iterator[StreamProcess]:
    """The stream runs, and Superset has the dashboards."""
    platform.services.up("superset")
    SupersetImportAssetsOperator(task_id="import_dashboards").execute({})
    process = StreamProcess(platform)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def page(platform: StreamPlatform, stream: StreamProcess) -> Iterator[Page]:
    opened = Page(platform)
    yield opened
    opened.end()


def place_order(platform: StreamPlatform) -> str:
    """Commit an order of now at the source; its id."""
    with platform.shop() as shop:
        placed = shop.execute(
            """
            insert into orders
                (order_id, customer_id, product_id, order_date, quantity, unit_price, amount, status,
                 created_at, updated_at)
            select
                max(order_id) + 1, min(customer_id), min(product_id), (now() at time zone 'UTC')::date, 1, 10,
                10, 'completed', now() at time zone 'UTC', now() at time zone 'UTC'
            from orders
            returning order_id
            """
        ).fetchone()
    assert placed is not None
    return str(placed[0])


def test_an_order_committed_at_the_source_appears_on_the_page_by_itself(
    platform: StreamPlatform, page: Page
) -> None:
    first = page.told()
    assert "Live, not audited." in first["text"]
    assert "UTC" in first["text"]
    seconds = []
    for _ in range(ORDERS):
        order = place_order(platform)
        committed = time.time()
        seconds.append(page.seen_at(order) - committed)
    requests = page.leave()
    shown = ", ".join(f"{each:.1f}" for each in seconds)
    print(f"from the commit to the page: {shown} s (page drawn in {first['drawn_after']:.1f} s)")
    print(f"{requests['charts_asked']} requests for charts, {requests['forced']} round the cache")
    assert max(seconds) < PAGE_SECONDS
    assert requests["charts_asked"] > 0
    assert requests["forced"] == 0, "the page goes round the cache"
