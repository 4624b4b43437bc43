"""Objects by path and by id, whatever signs their names hold: each part of a path is encoded on its own."""

from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

CATALOG = "/api/v3/catalog"
NAMES = [
    "a/b",
    "a.b",
    "a b",
    "ü ñ 日本",
    "50%",
    "a%2Fb",
    "x+y",
    "a&b=c",
    "q?x",
    "#1",
    "by-path",
    "Grants",
    "a;b",
]


def by_path(rest: httpx.Client, *path: str) -> httpx.Response:
    # Dots are encoded too: a client would take the parts . and .. away.
    parts = (quote(part, safe="").replace(".", "%2E") for part in path)
    return rest.get(f"{CATALOG}/by-path/" + "/".join(parts))


@pytest.fixture(scope="module", autouse=True)
def folders(rest: httpx.Client) -> None:
    """A folder of every name, with a view inside."""
    for name in NAMES:
        rest.post(CATALOG, json={"entityType": "folder", "path": ["space", name]}).raise_for_status()
        view = {"entityType": "dataset", "type": "VIRTUAL_DATASET", "path": ["space", name, f"v {name}"]}
        rest.post(CATALOG, json={**view, "sql": "select 1 as a"}).raise_for_status()


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_and_what_is_in_it_are_found_by_path(rest: httpx.Client, name: str) -> None:
    folder = by_path(rest, "space", name)
    assert folder.status_code == 200, folder.text
    assert folder.json()["path"] == ["space", name]
    assert [child["path"] for child in folder.json()["children"]] == [["space", name, f"v {name}"]]
    view = by_path(rest, "SPACE", name.upper(), f"V {name}").json()
    assert view["path"] == ["space", name, f"v {name}"]
    assert rest.get(f"{CATALOG}/{view['id']}").json()["path"] == view["path"]


@pytest.mark.parametrize(
    "path",
    [("space", "a", "b"), ("space", "a%2Fb", "b"), ("space", "50%25"), ("space", "x y"), ("space", "ab")],
)
def test_a_name_that_is_only_like_another_is_404(rest: httpx.Client, path: tuple[str, ...]) -> None:
    answer = by_path(rest, *path)
    assert answer.status_code == 404
    assert answer.json()["errorMessage"].startswith("Could not find entity with path")


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a\\b", "what?", "x*", "a[1]", "tab\tbed"])
def test_a_name_that_no_folder_of_a_source_can_have_is_404(rest: httpx.Client, name: str) -> None:
    assert by_path(rest, "gold", name).status_code == 404
    assert by_path(rest, "gold", name, "deeper").status_code == 404


@pytest.mark.parametrize("name", ["a b", "a.b", "ü ñ 日本", "50%", "a%2Fb", "x+y", "#1"])
def test_a_folder_of_a_source_is_found_and_promoted_by_path_and_by_id(
    rest: httpx.Client, engine: ReflectedEngine, name: str
) -> None:
    root = engine.services.settings.nas_root
    assert root is not None
    folder = root / "gold" / "promoted" / name
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"n": [len(name)]}), folder / "x.parquet")
    found = by_path(rest, "gold", "promoted", name)
    assert found.status_code == 200, found.text
    assert (found.json()["entityType"], found.json()["path"]) == ("folder", ["gold", "promoted", name])
    address = f"{CATALOG}/{quote(found.json()['id'], safe='')}"
    assert rest.get(address).json()["path"] == ["gold", "promoted", name]
    body: dict[str, Any] = {
        "entityType": "dataset",
        "type": "PHYSICAL_DATASET",
        "path": ["gold", "promoted", name],
        "format": {"type": "Parquet"},
    }
    promoted = rest.post(address, json=body)
    assert promoted.status_code == 200, promoted.text
    assert by_path(rest, "gold", "promoted", name).json()["type"] == "PHYSICAL_DATASET"
    assert engine.rows(f'select n from gold.promoted."{name}"') == [(len(name),)]


def test_reflections_are_listed_by_a_dataset_id_with_slashes(rest: httpx.Client) -> None:
    """A database's table has such an id: dremio:/source/schema/table."""
    answer = rest.get(f"/api/v3/dataset/{quote('dremio:/nowhere/public/t', safe='')}/reflection")
    assert answer.status_code == 404
    assert answer.json()["errorMessage"] == "Could not find entity with id [dremio:/nowhere/public/t]"
