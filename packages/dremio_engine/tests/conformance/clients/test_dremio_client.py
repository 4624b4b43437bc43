"""dremio-client: its simple client over every endpoint, and its catalog as attributes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dremio_client
import pytest
from tests.conformance.clients.conftest import Address
from tests.conformance.target import Target


@pytest.fixture
def settings(dremio: Target, address: Address) -> dict[str, Any]:
    return {
        "hostname": address.host,
        "port": address.port,
        "ssl": address.tls,
        "auth": {"type": "basic", "username": dremio.user, "password": dremio.password},
        "flight": {"port": address.flight_port},
    }


@pytest.fixture
def simple(settings: dict[str, Any], tmp_path: Path) -> Any:
    return dremio_client.init(str(tmp_path), simple_client=True, config_dict=settings)


def test_it_runs_statements_and_reads_their_pages(dremio: Target, simple: Any) -> None:
    table = dremio.table("client_pages")
    rows = ", ".join(f"({number})" for number in range(250))
    list(simple.query(f"create table {table} as select n from (values {rows}) as t(n)", sleep_time=1))
    pages = list(simple.query(f"select n from {table} order by n", sleep_time=1))
    assert [len(page["rows"]) for page in pages] == [100, 100, 50]
    assert [row["n"] for page in pages for row in page["rows"]] == list(range(250))
    job = simple.sql("select 1 as a")["id"]
    assert simple.job_status(job)["jobState"] in ("COMPLETED", "RUNNING", "PLANNING", "STARTING", "QUEUED")
    simple.cancel_job(job)


def test_it_makes_changes_and_notes_a_view(dremio: Target, simple: Any) -> None:
    path = [dremio.space, "client_view"]
    body = {"entityType": "dataset", "type": "VIRTUAL_DATASET", "path": path, "sql": "select 1 as a"}
    made = simple.set_catalog(body)
    changed = simple.update_catalog(made["id"], {**made, "sql": "select 1 as a, 2 as b"})
    assert [field["name"] for field in changed["fields"]] == ["a", "b"]
    for tags in (["one"], ["two"]):
        simple.set_collaboration_tag(made["id"], tags)
    assert simple.collaboration_tag(made["id"])["tags"] == ["two"]
    for text in ("first", "second"):
        simple.set_collaboration_wiki(made["id"], text)
    assert simple.collaboration_wiki(made["id"])["text"] == "second"
    assert simple.catalog_item(None, path)["id"] == made["id"]
    simple.delete_catalog(made["id"], changed["tag"])
    with pytest.raises(dremio_client.error.DremioNotFoundException):
        simple.catalog_item(None, path)


def test_it_makes_changes_and_deletes_a_reflection(dremio: Target, simple: Any) -> None:
    list(simple.query(f"create table {dremio.table('client_base')} as select 1 as a", sleep_time=1))
    dataset = simple.catalog_item(None, [dremio.source, dremio.run, "client_base"])["id"]
    made = simple.create_reflection(
        {
            "type": "RAW",
            "name": "client",
            "datasetId": dataset,
            "enabled": True,
            "displayFields": [{"name": "a"}],
        }
    )
    newest = simple.reflection(made["id"])
    assert simple.modify_reflection(made["id"], {**newest, "enabled": False})["enabled"] is False
    assert made["id"] in [each["id"] for each in simple.reflections()["data"]]
    simple.refresh_pds(dataset)
    simple.delete_reflection(made["id"])


def test_it_walks_the_catalog_by_attributes(
    dremio: Target, settings: dict[str, Any], simple: Any, tmp_path: Path
) -> None:
    list(simple.query(f"create table {dremio.table('client_walk')} as select 1 as a", sleep_time=1))
    rich = dremio_client.init(str(tmp_path), config_dict=settings)
    source = getattr(rich.data, dremio.source)
    table = getattr(source, dremio.run).client_walk
    assert table.get().meta.path == [dremio.source, dremio.run, "client_walk"]
    (page,) = rich.query("select 1 as a", pandas=False, method="rest")
    assert page["rows"] == [{"a": 1}]
