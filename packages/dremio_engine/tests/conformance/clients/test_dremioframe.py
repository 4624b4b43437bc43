"""dremioframe: the examples of its documentation, queries and changes over Flight, the rest over REST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from dremioframe.client import DremioClient
from tests.conformance.clients.conftest import Address
from tests.conformance.target import Target


@pytest.fixture
def frame(dremio: Target, address: Address, own_home: Path) -> Any:
    """Signed in with name and password, as its mode for Dremio Software before 26 does."""
    return DremioClient(
        hostname=address.host,
        port=address.port,
        base_url=f"{dremio.url}/api/v3",
        username=dremio.user,
        password=dremio.password,
        tls=address.tls,
        flight_port=address.flight_port,
        mode="v25",
    )


def test_it_creates_fills_queries_and_merges_a_table(dremio: Target, frame: Any) -> None:
    table = f"{dremio.source}.{dremio.run}.frame"
    frame.create_table(table, {"id": "INTEGER", "name": "VARCHAR", "amount": "DOUBLE"})
    rows = pd.DataFrame({"id": [1, 2], "name": ["a", "b"], "amount": [1.5, 2.5]})
    frame.table(table).insert(table, data=rows)
    doubled = frame.table(table).mutate(twice="amount * 2").filter("id > 1").collect("pandas")
    assert doubled["twice"].tolist() == [5.0]
    changes = pd.DataFrame({"id": [2, 3], "name": ["bb", "c"], "amount": [9.0, 8.0]})
    frame.table(table).merge(
        table,
        on="id",
        matched_update={"name": "source.name", "amount": "source.amount"},
        not_matched_insert={"id": "source.id", "name": "source.name", "amount": "source.amount"},
        data=changes,
    )
    frame.table(table).filter("id = 1").update({"name": "'changed'"})
    merged = frame.table(table).order_by("id").collect("pandas")
    assert merged.to_dict("list") == {
        "id": [1, 2, 3], "name": ["changed", "bb", "c"], "amount": [1.5, 9.0, 8.0],
    }  # fmt: skip
    totals = frame.table(table).group_by("name").agg(total="SUM(amount)").order_by("name").collect("pandas")
    assert totals["total"].tolist() == [9.0, 8.0, 1.5]
    frame.table(table).filter("id = 3").delete()
    assert frame.query(f"select count(*) as n from {table}")["n"].tolist() == [2]


def test_it_keeps_the_history_of_a_dimension(dremio: Target, frame: Any) -> None:
    source, target = (f"{dremio.source}.{dremio.run}.{name}" for name in ("frame_now", "frame_history"))
    frame.create_table(source, schema=pd.DataFrame({"id": [1, 2], "name": ["a", "b"]}), insert_data=True)
    frame.execute(
        f"create table {target} (id bigint, name varchar, valid_from timestamp, valid_to timestamp)"
    )
    frame.table(source).scd2(target, on="id", track_cols=["name"])
    frame.table(source).filter("id = 2").update({"name": "'new'"})
    frame.table(source).scd2(target, on="id", track_cols=["name"])
    kept = frame.query(f"select id, name, valid_to is null as is_now from {target} order by id, is_now")
    assert list(kept.itertuples(index=False, name=None)) == [
        (1, "a", True), (2, "b", False), (2, "new", True),
    ]  # fmt: skip


def test_it_lists_the_catalog_and_makes_views_and_reflections(dremio: Target, frame: Any) -> None:
    table = f"{dremio.source}.{dremio.run}.frame_base"
    frame.execute(f"create table {table} as select 1 as id, timestamp '2025-10-16 10:00:00' as ts")
    assert dremio.space in [root["path"][0] for root in frame.catalog.list_catalog()]
    frame.admin.create_space_folder(dremio.space, "frame")
    view = frame.catalog.create_view([dremio.space, "frame", "v"], f"select id from {table}")
    changed = frame.catalog.update_view(view["id"], view["path"], f"select id, ts from {table}")
    assert [field["name"] for field in changed["fields"]] == ["id", "ts"]
    assert frame.catalog.get_wiki(view["id"])["text"] == ""
    assert frame.catalog.update_wiki(view["id"], "One row.")["text"] == "One row."
    assert frame.catalog.set_tags(view["id"], ["gold"])["tags"] == ["gold"]
    made = frame.admin.create_reflection(
        view["id"], "frame", "AGGREGATION", dimension_fields=["ts"], measure_fields=["id"]
    )
    assert made["dimensionFields"] == [{"name": "ts", "granularity": "DATE"}]
    assert frame.admin.disable_reflection(made["id"])["enabled"] is False
    assert made["id"] in [each["id"] for each in frame.admin.list_reflections()["data"]]
    assert frame.admin.delete_reflection(made["id"])
    assert dremio.source in [source["name"] for source in frame.admin.list_sources()["data"]]


def test_it_uploads_a_file_as_a_table(dremio: Target, frame: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name\n1,ann\n2,bob\n")
    frame.upload_file(str(file), f"{dremio.source}.{dremio.run}.frame_people")
    people = frame.query(f"select id, name from {dremio.source}.{dremio.run}.frame_people order by id")
    assert people["name"].tolist() == ["ann", "bob"]
