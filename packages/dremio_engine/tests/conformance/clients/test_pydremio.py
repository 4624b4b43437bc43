"""pydremio: folders, views, tables from data frames, MERGE, reflections. It needs Python 3.12."""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd
import pytest
from tests.conformance.clients.conftest import Address
from tests.conformance.target import Target

if sys.version_info < (3, 12):
    pytest.skip("pydremio needs Python 3.12", allow_module_level=True)
from dremio import Dremio
from dremio.models import NewReflection, Wiki


@pytest.fixture
def connected(dremio: Target, address: Address) -> Any:
    """Signed in: the answer to the login is read into a type that takes no other field."""
    return Dremio(
        address.host,
        username=dremio.user,
        password=dremio.password,
        port=address.port,
        protocol="https" if address.tls else "http",
        flight_config={"port": address.flight_port, "tls": address.tls},
    )


def test_it_makes_folders_and_views_and_reads_them_both_ways(dremio: Target, connected: Any) -> None:
    connected.create_folder([dremio.space, "py", "deep"])
    path = [dremio.space, "py", "v"]
    view = connected.create_dataset(path, "select 1 as a, 'x' as s")
    assert view.run().to_pandas().to_dict("list") == {"a": [1], "s": ["x"]}
    assert view.run("http").to_pandas().to_dict("list") == {"a": [1], "s": ["x"]}
    view.sql = "select 2 as a"
    view.commit()
    assert connected.get_dataset(path).run().to_pandas()["a"].tolist() == [2]
    connected.copy_folder([dremio.space, "py"], [dremio.space, "py_copy"], relative_references=True)
    copied = connected.get_folder([dremio.space, "py_copy"])
    assert sorted(child.path[-1] for child in copied) == ["deep", "v"]
    assert connected.delete_folder([dremio.space, "py_copy"])


def test_it_makes_and_merges_tables_from_data_frames(dremio: Target, connected: Any) -> None:
    table = f"{dremio.source}.{dremio.run}.py_table"
    connected.create_table(table, pd.DataFrame({"id": [1, 2], "name": ["a", None], "amount": [1.5, 2.5]}))
    changes = pd.DataFrame({"id": [2, 3], "name": ["b", "c"], "amount": [9.0, 8.0]})
    connected.update_table_from_dataframe(table, changes)
    merged = connected.query(f"select * from {table} order by id").to_pandas()
    assert merged.to_dict("list") == {"id": [1, 2, 3], "name": ["a", "b", "c"], "amount": [1.5, 9.0, 8.0]}


def test_it_notes_a_view_and_reads_a_reflection_that_was_never_refreshed(
    dremio: Target, connected: Any
) -> None:
    connected.create_folder([dremio.space, "py_notes"])
    view = connected.create_dataset([dremio.space, "py_notes", "v"], "select 1 as a")
    connected.set_wiki(view.id, Wiki("One row."))
    assert connected.get_wiki(view.id).text == "One row."
    made = connected.create_reflection(
        view.id, "py", NewReflection("AGGREGATION", False, dimensionFields=[{"name": "a"}])
    )
    assert made.status.combinedStatus == "DISABLED"
    assert made.id in [each.id for each in connected.get_reflections()]
    connected.delete_reflection(made.id)
