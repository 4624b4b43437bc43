"""CSV and JSON lines from the bucket and from the shop's own folder, and lines that are not records."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.wire.conftest import Landing
from tests.wire.faults import details

from testing.ingestion_stack import AirbyteServer, IngestionStack

FILE_COLUMNS = ["_ab_source_file_last_modified", "_ab_source_file_url"]
CSV = {"filetype": "csv"}


class Inbox:
    """Files under a prefix of the bucket, and the connection that reads them."""

    def __init__(self, airbyte: AirbyteServer, landing: Landing) -> None:
        self._airbyte = airbyte
        self._landing = landing
        self._prefix = f"inbox/{landing.folder}"

    def put(self, name: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        self._landing.put(f"{self._prefix}/{name}", body)

    def connect(self, glob: str, form: dict[str, Any], **stream: Any) -> str:
        environ = self._airbyte.environ
        declared = {"name": "spend", "globs": [f"{self._prefix}/{glob}"], "format": form} | stream
        configuration = {
            "sourceType": "s3",
            "bucket": environ["LAKE_S3_BUCKET"],
            "endpoint": environ["LAKE_S3_ENDPOINT"],
            "region_name": environ["LAKE_S3_REGION"],
            "aws_access_key_id": environ["LAKE_S3_ACCESS_KEY"],
            "aws_secret_access_key": environ["LAKE_S3_SECRET_KEY"],
            "streams": [declared],
        }
        streams = [("spend", "incremental_append")]
        return self._airbyte.connect(configuration, self._landing.folder, streams)[1]

    def rows(self) -> list[dict[str, Any]]:
        """What landed, without Airbyte's columns, by file and in its order."""
        rows = self._landing.rows("spend").to_pylist()
        kept = [{k: v for k, v in row.items() if not k.startswith("_airbyte")} for row in rows]
        return sorted(kept, key=lambda row: str(row[FILE_COLUMNS[1]]))


@pytest.fixture
def inbox(airbyte: AirbyteServer, landing: Landing) -> Inbox:
    return Inbox(airbyte, landing)


def test_the_shops_csv_batches_arrive_once_and_each_new_day_brings_its_own(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Any
) -> None:
    folder = stack.folder / "state" / "shop" / "csv"
    assert folder.is_dir()
    declared = {"name": "spend", "globs": ["batch_*.csv"], "format": CSV}
    configuration = {"sourceType": "s3", "bucket": f"file://{folder}", "streams": [declared]}
    _, connection = airbyte.connect(configuration, landing.folder, [("spend", "incremental_append")])
    lines = sum(len(file.read_text().splitlines()) - 1 for file in folder.glob("batch_*.csv"))
    assert airbyte.sync(connection)["rowsSynced"] == lines > 1000
    (first,) = landing.keys("spend")
    assert airbyte.sync(connection)["rowsSynced"] == 0
    ((day,),) = query("select day + 1 from shop_internal.calendar")
    assert stack.shop("advance", "--to", str(day)).returncode == 0
    batch = (folder / f"batch_{day:%Y%m%d}.csv").read_text().splitlines()[1:]
    assert airbyte.sync(connection)["rowsSynced"] == len(batch) > 1
    (new,) = set(landing.keys("spend")) - {first}
    rows = landing.file(new).read().to_pylist()
    assert {row["spend_date"] for row in rows} == {str(day)}
    assert {row["_ab_source_file_url"] for row in rows} == {f"batch_{day:%Y%m%d}.csv"}


def test_csv_values_are_texts_and_every_row_names_its_file(
    airbyte: AirbyteServer, inbox: Inbox, landing: Landing
) -> None:
    inbox.put("a.csv", 'id;note;amount\r\n1;"two\nlines; quoted ""x""";1.10\r\n2;;NULL\r\n')
    inbox.put("ignored.txt", "not;this\n")
    inbox.put(
        "b.csv.gz", gzip.compress("id;note;amount\n3;h\u00e9 \U0001f600;12345678901234567890.5\n".encode())
    )
    form = CSV | {"delimiter": ";", "null_values": ["NULL"]}
    connection = inbox.connect("*.csv*", form)
    assert airbyte.sync(connection)["rowsSynced"] == 3
    rows = inbox.rows()
    assert [(row["id"], row["note"], row["amount"]) for row in rows] == [
        ("1", 'two\nlines; quoted "x"', "1.10"),
        ("2", "", None),
        ("3", "h\u00e9 \U0001f600", "12345678901234567890.5"),
    ]
    assert [Path(row[FILE_COLUMNS[1]]).name for row in rows] == ["a.csv", "a.csv", "b.csv.gz"]
    assert rows[0][FILE_COLUMNS[0]].endswith("Z")
    inbox.put("a.csv", "id;note;amount\n9;again;9\n")
    assert airbyte.sync(connection)["rowsSynced"] == 1


def test_a_changed_file_and_new_ones_in_one_sync_all_land(airbyte: AirbyteServer, inbox: Inbox) -> None:
    """The file after a changed one was written over it: rows of the one were lost, the other's came twice."""
    inbox.put("a.csv", "id\n1\n")
    connection = inbox.connect("*.csv", CSV)
    assert airbyte.sync(connection)["rowsSynced"] == 1
    inbox.put("a.csv", "id\n2\n")
    inbox.put("b.csv", "id,other\n3,x\n")
    inbox.put("c.csv", "id\n4\n")
    assert airbyte.sync(connection)["rowsSynced"] == 3
    assert sorted(row["id"] for row in inbox.rows()) == ["1", "2", "3", "4"]


def test_json_lines_keep_their_types_and_nothing_is_rounded(airbyte: AirbyteServer, inbox: Inbox) -> None:
    documents = [
        {"id": 1, "price": 1, "flag": True, "tags": ["a"], "wide": 1, "text": "\u0000 \U0001f600"},
        {"id": 2, "price": 2.5, "flag": None, "tags": None, "wide": 2**70, "text": "x" * 1_000_000},
    ]
    exact = '{"id": 3, "long": 0.1234567890123456789}'
    inbox.put("a.jsonl", "\n".join(json.dumps(one) for one in documents) + f"\n\n{exact}\n")
    assert airbyte.sync(inbox.connect("*.jsonl", {"filetype": "jsonl"}))["rowsSynced"] == 3
    one, two, three = sorted(inbox.rows(), key=lambda row: row["id"])
    assert (one["price"], one["flag"], one["tags"], one["text"]) == (1.0, True, '["a"]', "\u0000 \U0001f600")
    assert (two["price"], two["wide"], len(two["text"])) == (2.5, str(2**70), 1_000_000)
    assert three["long"] == "0.1234567890123456789"


@pytest.mark.parametrize(
    ("name", "bad", "good", "form", "named"),
    [
        ("b.csv", "id,note\n1,x\n2,y,z\n", "id,note\n1,x\n2,y\n", CSV, "line 3: 3 fields"),
        ("b.csv", 'id,note\n1,"x\n', 'id,note\n1,"x"\n', CSV, "line 2: unexpected end"),
        ("b.csv", b"id,note\n1,\xff\n", "id,note\n1,y\n", CSV, "'utf-8' codec"),
        ("b.csv", "id,id\n1,2\n", "id,note\n1,2\n", CSV, "names id twice"),
        ("b.jsonl", '{"id": 1}\n{"id": \n', '{"id": 1}\n', {"filetype": "jsonl"}, "line 2: Expecting value"),
        ("b.jsonl", '{"id": 1}\n[2]\n', '{"id": 1}\n', {"filetype": "jsonl"}, "line 2: a record is a JSON"),
    ],
)
def test_a_line_that_is_no_record_is_named_its_file_left_out_and_nothing_lost(
    airbyte: AirbyteServer,
    inbox: Inbox,
    name: str,
    bad: str | bytes,
    good: str,
    form: dict[str, Any],
    named: str,
) -> None:
    suffix = Path(name).suffix
    inbox.put(f"a{suffix}", good)
    inbox.put(name, bad)
    inbox.put(f"c{suffix}", good)
    connection = inbox.connect(f"*{suffix}", form)
    job = airbyte.sync(connection)
    failure = details(airbyte, job)["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]
    assert (job["status"], failure["failureType"]) == ("failed", "config_error")
    assert f"/{name}, " in failure["externalMessage"]
    assert named in failure["externalMessage"]
    assert len(details(airbyte, job)["attempts"]) == 1
    assert {Path(row[FILE_COLUMNS[1]]).name for row in inbox.rows()} == {f"a{suffix}", f"c{suffix}"}
    inbox.put(name, good)
    mended = airbyte.sync(connection)
    assert mended["status"] == "succeeded"
    assert {Path(row[FILE_COLUMNS[1]]).name for row in inbox.rows()} >= {name}
    assert len(inbox.rows()) == job["rowsSynced"] + mended["rowsSynced"]


def test_bad_files_of_every_kind_are_named_in_one_failure_and_the_good_ones_land(
    airbyte: AirbyteServer, inbox: Inbox
) -> None:
    """A file that no decoder or unpacker could make sense of kept every other one from landing."""
    good = "id,note\n1,x\n"
    bad: dict[str, tuple[str | bytes, str]] = {
        "cut.csv.gz": (gzip.compress(good.encode() * 50)[:-9], "the gzip file is cut off"),
        "plain.csv.gz": (good, "line 1: the file is not gzip"),
        "wide.csv": (good.encode("utf-16-le"), "line 1: a NUL character"),
        "own.csv": ("id,_airbyte_raw_id\n1,2\n", "line 1: the header: the column _airbyte_raw_id"),
        "case.csv": ("id,ID\n1,2\n", "line 1: the header: the columns id and ID differ only in case"),
        "latin.csv": (b"id,note\n" + b"1,x\n" * 98 + b"2,\xe9\n", "line 100: 'utf-8' codec"),
    }
    inbox.put("a.csv", good)
    for name, (content, _) in bad.items():
        inbox.put(name, content)
    inbox.put("folder.csv/", b"")
    inbox.put("z.csv.gz", gzip.compress(good.encode()))
    connection = inbox.connect("**", CSV)
    job = airbyte.sync(connection)
    (attempt,) = details(airbyte, job)["attempts"]
    (failure,) = attempt["attempt"]["failureSummary"]["failures"]
    assert failure["failureType"] == "config_error"
    assert failure["externalMessage"].startswith(f"{len(bad)} files could not be read")
    for name, (_, named) in bad.items():
        assert f"/{name}, " in failure["externalMessage"]
        assert named in failure["externalMessage"]
    assert {Path(row[FILE_COLUMNS[1]]).name for row in inbox.rows()} == {"a.csv", "z.csv.gz"}
    for name in bad:
        inbox.put(name, gzip.compress(good.encode()) if name.endswith(".gz") else good)
    assert airbyte.sync(connection)["rowsSynced"] == len(bad)


def test_names_of_columns_land_as_airbyte_writes_them(airbyte: AirbyteServer, inbox: Inbox) -> None:
    names = {
        "the id": "the_id", 'the "id"': "the__id_", "a/b": "a_b", "c.d": "c_d", "\u00e4": "a", " id": "_id",
        "Umsatz \u20ac": "Umsatz__", "2025": "_2025",
    }  # fmt: skip
    inbox.put("a.jsonl", json.dumps({name: number for number, name in enumerate(names)}))
    assert airbyte.sync(inbox.connect("*.jsonl", {"filetype": "jsonl"}))["rowsSynced"] == 1
    (row,) = inbox.rows()
    landed = {name: value for name, value in row.items() if name not in FILE_COLUMNS}
    assert landed == {name: number for number, name in enumerate(names.values())}


def test_a_schema_of_the_stream_types_csv_values(
    airbyte: AirbyteServer, inbox: Inbox, landing: Landing
) -> None:
    inbox.put("a.csv", "id,amount,active\n1,1.5,yes\nmany,,no\n")
    schema = json.dumps({"id": "integer", "amount": "number", "active": "boolean"})
    connection = inbox.connect("*.csv", CSV, input_schema=schema)
    assert airbyte.sync(connection)["rowsSynced"] == 2
    assert [(row["id"], row["amount"], row["active"]) for row in inbox.rows()] == [
        (1, 1.5, True),
        (None, None, False),
    ]
    reported = [meta["changes"] for meta in landing.rows("spend")["_airbyte_meta"].to_pylist()]
    lost = {"field": "id", "change": "NULLED", "reason": "DESTINATION_SERIALIZATION_ERROR"}
    assert reported == [[], [lost]]


@pytest.mark.parametrize(
    ("stream", "named"),
    [
        ({"format": {"filetype": "excel"}}, "excel"),
        ({"schemaless": True}, "schemaless"),
        ({"validation_policy": "Skip Record"}, "Skip Record"),
        ({"input_schema": "{"}, "input_schema"),
    ],
)
def test_what_would_be_misread_is_refused_when_the_source_is_made(
    airbyte: AirbyteServer, stream: dict[str, Any], named: str
) -> None:
    declared = {"name": "spend", "format": CSV} | stream
    configuration = {"sourceType": "s3", "bucket": "datalake", "streams": [declared]}
    body = {"name": "x", "workspaceId": airbyte.workspace(), "configuration": configuration}
    answer = airbyte.http.post(airbyte.url + "/sources", json=body)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
