"""Items leave a list of a YAML file; every other line stays as a person has written it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.yaml_items import Drop, without_items

SETTINGS = """\
# The connections.
airflow:
  connections:
    - conn_id: lake_s3
      conn_type: aws          # the lake

    # The cafe's database.
    - conn_id: cafe_postgres
      conn_host: ${CAFE_PG_HOST}

    - conn_id: cafe_api
      conn_extra:
        deep: [1, 2]

    - conn_id: dremio_default
      conn_type: http
  pools:
    - pool_name: airbyte
      pool_slot: 4
"""
SOURCES = """\
sources:
  - name: bronze
    description: >
      One view per stream,
      with all columns.
    tables:
      - name: raw_orders
        description: >
          One row per order.

      - name: raw_cafe_orders
        description: |
          One row per cup.
"""


def connection(*gone: str) -> Drop:
    def drop(key: str, item: Mapping[str, str]) -> bool:
        return key == "connections" and item.get("conn_id") in gone

    return drop


def table(*gone: str) -> Drop:
    return lambda key, item: key == "tables" and item.get("name") in gone


def test_an_item_goes_with_the_comment_above_it_and_leaves_no_gap() -> None:
    left = without_items(SETTINGS, connection("cafe_postgres", "cafe_api"))
    assert left == SETTINGS.replace(
        SETTINGS[SETTINGS.index("\n    # The cafe's") : SETTINGS.index("\n    - conn_id: dremio")], ""
    )
    assert left is not None
    assert "cafe" not in left
    assert "conn_type: aws          # the lake\n\n    - conn_id: dremio_default" in left


def test_the_first_and_the_last_item_of_a_list_go_as_any_other() -> None:
    left = without_items(SETTINGS, connection("lake_s3", "dremio_default"))
    assert left is not None
    assert "lake_s3" not in left
    assert "dremio" not in left
    assert "  connections:\n" in left
    assert "        deep: [1, 2]\n  pools:\n" in left


def test_a_list_without_items_goes_with_its_key_and_its_neighbours_stay() -> None:
    left = without_items(SETTINGS, lambda key, _: key == "pools")
    assert left == SETTINGS[: SETTINGS.index("  pools:")]


def test_a_folded_text_at_the_end_goes_with_its_item() -> None:
    assert (
        without_items(SOURCES, table("raw_cafe_orders"))
        == SOURCES[: SOURCES.index("\n      - name: raw_cafe")]
    )
    left = without_items(SOURCES, table("raw_orders"))
    assert left is not None
    assert "One row per order" not in left
    assert "One row per cup" in left


def test_a_source_without_tables_goes_and_the_file_with_it() -> None:
    assert without_items(SOURCES, table("raw_orders", "raw_cafe_orders")) is None
    assert without_items("version: 2\n" + SOURCES, table("raw_orders", "raw_cafe_orders")) is None


def test_another_source_of_the_file_stays() -> None:
    both = SOURCES + "  - name: other\n    tables:\n      - name: raw_other\n"
    left = without_items(both, table("raw_orders", "raw_cafe_orders"))
    assert left == "sources:\n  - name: other\n    tables:\n      - name: raw_other\n"


def test_nothing_to_drop_changes_not_a_byte() -> None:
    assert without_items(SETTINGS, connection("nobody")) == SETTINGS
    assert without_items("just words\n", connection("nobody")) == "just words\n"


def test_what_is_not_yaml_is_refused() -> None:
    with pytest.raises(BlueprintError, match="not YAML"):
        without_items("a: [", connection("nobody"))
