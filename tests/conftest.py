"""Leaves out what needs the demo shop where airflow_settings.yaml does not declare it, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.declared import shop_is_declared
from tests.suites.table import ROOT, WHY_LEFT_OUT, file_needs_shop

LEFT_OUT = pytest.StashKey[list[str]]()
HAS_SHOP = shop_is_declared()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = []


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whole folders and files, which may need the shop when they are imported."""
    if HAS_SHOP or not file_needs_shop(collection_path):
        return None
    config.stash[LEFT_OUT].append(str(collection_path.relative_to(ROOT)))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Single tests of files whose other tests run."""
    if HAS_SHOP:
        return
    for item in items:
        if item.get_closest_marker("needs_shop"):
            item.add_marker(pytest.mark.skip(reason=WHY_LEFT_OUT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The skipped tests are listed by pytest itself (-ra)."""
    if left_out := config.stash[LEFT_OUT]:
        terminalreporter.write_line(f"{WHY_LEFT_OUT}, left out: {', '.join(left_out)}")
