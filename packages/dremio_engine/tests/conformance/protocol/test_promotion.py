"""A folder of Parquet files made a table. docs.dremio.com: Catalog API, Formatting Data to a Table."""

from collections.abc import Iterator
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client


@pytest.fixture(scope="module")
def lake(dremio: Target) -> Iterator[fs.FileSystem]:
    """The run's folder of the source, as a file system; gone afterwards."""
    if dremio.files is None:
        pytest.skip("DREMIO_CONFORMANCE_FILES is not set: there is no way to put files into the source")
    whole, root = fs.FileSystem.from_uri(dremio.files)
    folder = f"{root.rstrip('/')}/{dremio.run}_files"
    whole.create_dir(folder)
    yield fs.SubTreeFileSystem(folder, whole)
    whole.delete_dir(folder)


def put(lake: fs.FileSystem, path: str, table: pa.Table) -> None:
    lake.create_dir(path.rpartition("/")[0], recursive=True)
    with lake.open_output_stream(path) as stream:
        pq.write_table(table, stream)


def promote(dremio: Target, client: Client, name: str) -> str:
    """Promote a folder of the run; gives the table's quoted path."""
    path = [dremio.source, f"{dremio.run}_files", name]
    entity = "dremio:/" + "/".join(path)
    body = {"entityType": "dataset", "id": entity, "path": path, "type": "PHYSICAL_DATASET"}
    answer = client.http.post(
        f"/api/v3/catalog/{quote(entity, safe='')}", json={**body, "format": {"type": "Parquet"}}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["format"]["type"] == "Parquet"
    return ".".join(f'"{part}"' for part in path)


def test_folder_names_become_dir_columns(dremio: Target, client: Client, lake: fs.FileSystem) -> None:
    for day, rows in (("date=2025-10-15", [1, 2]), ("date=2025-10-16", [3])):
        put(lake, f"orders/{day}/part.parquet", pa.table({"order_id": rows}))
    table = promote(dremio, client, "orders")
    assert client.sql(f"select dir0, order_id from {table} order by order_id") == [
        {"dir0": "date=2025-10-15", "order_id": 1},
        {"dir0": "date=2025-10-15", "order_id": 2},
        {"dir0": "date=2025-10-16", "order_id": 3},
    ]
    assert client.value(f"select count(*) from {table} where dir0 = 'date=2025-10-16'") == 1


def test_a_new_folder_shows_after_a_refresh_of_the_metadata(
    dremio: Target, client: Client, lake: fs.FileSystem
) -> None:
    put(lake, "grown/day=1/part.parquet", pa.table({"a": [1]}))
    table = promote(dremio, client, "grown")
    put(lake, "grown/day=2/part.parquet", pa.table({"a": [2, 3]}))
    client.sql(f"alter pds {table} refresh metadata auto promotion force update delete when missing")
    assert client.sql(f"select dir0, count(*) as n from {table} group by dir0 order by dir0") == [
        {"dir0": "day=1", "n": 1},
        {"dir0": "day=2", "n": 2},
    ]


def test_hidden_files_are_not_data(dremio: Target, client: Client, lake: fs.FileSystem) -> None:
    put(lake, "hidden/part.parquet", pa.table({"a": [1]}))
    put(lake, "hidden/_temporary/part.parquet", pa.table({"a": [2]}))
    put(lake, "hidden/.part.parquet", pa.table({"a": [3]}))
    assert client.sql(f"select a from {promote(dremio, client, 'hidden')}") == [{"a": 1}]


def test_a_promoted_table_is_a_physical_dataset(dremio: Target, client: Client, lake: fs.FileSystem) -> None:
    put(lake, "shown/part.parquet", pa.table({"a": pa.array([1], pa.int64()), "s": ["x"]}))
    promote(dremio, client, "shown")
    shown = client.by_path(dremio.source, f"{dremio.run}_files", "shown")
    assert (shown["entityType"], shown["type"]) == ("dataset", "PHYSICAL_DATASET")
    assert [(f["name"], f["type"]["name"]) for f in shown["fields"]] == [("a", "BIGINT"), ("s", "VARCHAR")]


def test_a_forgotten_promotion_leaves_the_files(dremio: Target, client: Client, lake: fs.FileSystem) -> None:
    put(lake, "forgotten/part.parquet", pa.table({"a": [1]}))
    promote(dremio, client, "forgotten")
    shown = client.by_path(dremio.source, f"{dremio.run}_files", "forgotten")
    assert client.http.delete(f"/api/v3/catalog/{quote(shown['id'], safe='')}").status_code == 204
    assert lake.get_file_info("forgotten/part.parquet").type == fs.FileType.File


def test_a_folder_that_is_not_there_cannot_be_promoted(dremio: Target, client: Client) -> None:
    path = [dremio.source, f"{dremio.run}_files", "nothing"]
    entity = quote("dremio:/" + "/".join(path), safe="")
    body = {"entityType": "dataset", "path": path, "type": "PHYSICAL_DATASET", "format": {"type": "Parquet"}}
    answer = client.http.post(f"/api/v3/catalog/{entity}", json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["errorMessage"]
