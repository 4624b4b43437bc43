"""The bucket's paths are the specification's."""

from __future__ import annotations

from datetime import date

import pytest

from lakehouse.platform import lake_layout as layout

DAY = date(2025, 10, 16)


def test_paths_are_those_of_the_specification() -> None:
    assert (
        layout.bronze_data_key("postgres", "orders", DAY)
        == "bronze/postgres/orders/date=2025-10-16/data.parquet"
    )
    assert layout.landing_folder("postgres") == "bronze/landing/source=postgres/"
    assert layout.landing_folder("api", "shipments") == "bronze/landing/source=api/shipments/"
    assert layout.quarantine_key("orders", DAY) == "bronze/quarantine/orders/date=2025-10-16/rows.parquet"
    assert layout.engine_root_path("datalake", layout.SILVER_CLEANED) == "/datalake/silver/cleaned"


def test_a_landing_key_says_its_source_and_stream() -> None:
    landed = layout.parse_landing_key(
        "bronze/landing/source=api/shipments/2025_10_16_1760000000000_0.parquet"
    )
    assert landed is not None
    assert (landed.source, landed.stream) == ("api", "shipments")


@pytest.mark.parametrize(
    "key",
    [
        "bronze/landing/source=api/shipments/",
        "bronze/landing/source=api/shipments/notes.txt",
        "bronze/landing/source=api/loose.parquet",
        "bronze/postgres/orders/date=2025-10-16/data.parquet",
    ],
)
def test_other_objects_are_no_landing_files(key: str) -> None:
    assert layout.parse_landing_key(key) is None
