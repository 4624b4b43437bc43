"""A date of which nothing was loaded: Dremio is not asked for a comparison of nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any, cast

import pytest

from lakehouse.bronze import catalogue_refresh
from lakehouse.bronze.catalogue import BronzeCatalogue
from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.dremio.client import DremioClient

DAY = date(2026, 3, 2)


class Asked:
    """Stands for Dremio: every question is kept, and there must be none."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def ask(*_: Any) -> AbstractContextManager[None]:
            self.questions.append(name)
            return nullcontext()

        return ask


def test_a_date_without_loaded_rows_needs_no_comparison() -> None:
    dremio = Asked()
    assert BronzeCatalogue(cast(DremioClient, dremio)).check_visible(DAY, []) is None
    assert dremio.questions == []


def test_a_night_without_a_stream_has_a_catalog_that_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLoads:
        def __init__(self, postgres: object) -> None:
            pass

        def rows_loaded(self, business_date: date) -> dict[str, int]:
            assert business_date == DAY
            return {}

    monkeypatch.setattr(catalogue_refresh, "BronzeLoads", NoLoads)
    dremio = Asked()
    refreshed = CatalogueRefresher(cast(Any, dremio), cast(Any, None), cast(Any, None), []).refresh(DAY)
    assert (refreshed.changes, refreshed.rows_visible, refreshed.job_ids) == ([], {}, [])
    assert dremio.questions == []
