"""What lands of the types that Parquet does not have, by cursor, in full and from the log alike."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.wire.tables import Tables

SOURCE = """
    create type mood as enum ('sad', 'so, so', 'happy');
    create type place as (town text, number integer);
    create domain tags as text[];
    create domain fee as money;
    create domain hstore as text
"""
"""hstore is an extension that this platform's PostgreSQL lacks: it is known by its name."""

LARGEST = "-92233720368547758.08"
TYPES: dict[str, tuple[str, list[tuple[str | None, Any]], pa.DataType]] = {
    "texts": (
        "text[]",
        [
            ("{}", []),
            (
                '{a,"b,c",NULL,"NULL","x\\"y","{}","back\\\\slash",""}',
                ["a", "b,c", None, "NULL", 'x"y', "{}", "back\\slash", ""],
            ),
            ("[0:1]={one,two}", ["one", "two"]),
        ],
        pa.list_(pa.string()),
    ),
    "numbers": ("integer[]", [("{1,NULL,-3}", [1, None, -3])], pa.list_(pa.int32())),
    "bigs": ("bigint[]", [("{9223372036854775807}", [2**63 - 1])], pa.list_(pa.int64())),
    "doubles": ("double precision[]", [("{1.5,Infinity}", [1.5, float("inf")])], pa.list_(pa.float64())),
    "prices": ("numeric(8,2)[]", [("{1.5,NULL}", [Decimal("1.50"), None])], pa.list_(pa.decimal128(8, 2))),
    "exact": ("numeric[]", [("{0.1000,NaN}", ["0.1000", "NaN"])], pa.list_(pa.string())),
    "truths": ("boolean[]", [("{t,f,NULL}", [True, False, None])], pa.list_(pa.bool_())),
    "days": ("date[]", [("{2025-10-16}", [dt.date(2025, 10, 16)])], pa.list_(pa.date32())),
    "moments": (
        "timestamp[]",
        [('{"2025-10-16 01:02:03.5"}', [dt.datetime(2025, 10, 16, 1, 2, 3, 500000)])],
        pa.list_(pa.timestamp("us")),
    ),
    "instants": (
        "timestamptz[]",
        [('{"2025-10-16 02:00+02"}', [dt.datetime(2025, 10, 16, tzinfo=dt.UTC)])],
        pa.list_(pa.timestamp("us", "UTC")),
    ),
    "codes": ("char(3)[]", [("{a,bcd}", ["a", "bcd"])], pa.list_(pa.string())),
    "moods": ("mood[]", [('{happy,"so, so"}', ["happy", "so, so"])], pa.list_(pa.string())),
    "documents": ("jsonb[]", [('{"{\\"a\\": [1]}"}', ['{"a": [1]}'])], pa.list_(pa.string())),
    "places": ("place[]", [('{"(Graz,7)"}', ["(Graz,7)"])], pa.list_(pa.string())),
    "boxes": (
        "box[]",
        [("{(1,1),(0,0);(2,2),(0,0)}", ["(1,1),(0,0)", "(2,2),(0,0)"])],
        pa.list_(pa.string()),
    ),
    "tagged": ("tags", [("{a,b}", ["a", "b"])], pa.list_(pa.string())),
    "grid": ("integer[][]", [("{{1,2},{3,NULL}}", "[[1, 2], [3, null]]"), ("{4}", "[4]")], pa.string()),
    "chart": ("text[][]", [('{{a,"b,c"},{NULL,"\u00eb"}}', '[["a", "b,c"], [null, "\u00eb"]]')], pa.string()),
    "flags": ("boolean[][]", [("{{t,f}}", "[[true, false]]")], pa.string()),
    "pairs": ("hstore", [('"a"=>"1", "b"=>NULL', '{"a": "1", "b": null}')], pa.string()),
    "mood": ("mood", [("so, so", "so, so")], pa.string()),
    "mark": ("uuid", [("5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6",) * 2], pa.string()),
    "plain": ("json", [('{"b":  1}',) * 2], pa.string()),
    "packed": ("jsonb", [('{"b": 1}',) * 2], pa.string()),
    "place": ("place", [("(Graz,7)",) * 2, ("(,)",) * 2], pa.string()),
    "span": ("interval", [("1 day 02:00:00",) * 2], pa.string()),
    "clock": ("time", [("01:02:03.5",) * 2], pa.string()),
    "zoned": ("timetz", [("01:02:03+02",) * 2], pa.string()),
    "address": ("inet", [("10.0.0.1",) * 2, ("10.0.0.0/8",) * 2], pa.string()),
    "network": ("cidr", [("10.0.0.0/8",) * 2], pa.string()),
    "range": ("int4range", [("[1,5)",) * 2], pa.string()),
    "point": ("point", [("(1,2)",) * 2], pa.string()),
    "bits": ("bit(4)", [("0101",) * 2], pa.string()),
    "raw": ("bytea", [("\\x00ff6b",) * 2], pa.string()),
    "varied": ("varbit", [("01011",) * 2], pa.string()),
    "back": ("interval", [("-1 mons -2 days +03:00:00",) * 2], pa.string()),
    "hardware": ("macaddr", [("08:00:2b:01:02:03",) * 2], pa.string()),
    "area": ("polygon", [("((0,0),(1,0),(0,1))",) * 2], pa.string()),
    "times": ("tsrange", [('["2025-10-16 00:00:00",)',) * 2], pa.string()),
    "letter": ('"char"', [("x",) * 2], pa.string()),
    "named": ("name", [("orders",) * 2], pa.string()),
    "wide": ("numeric(40,2)", [("12345678901234567890123456789012345678.90",) * 2], pa.string()),
    "unbounded": ("numeric", [("0.1000",) * 2, ("NaN",) * 2], pa.string()),
    "object": ("oid", [("4294967295", 2**32 - 1)], pa.int64()),
    "objects": ("oid[]", [("{1,4294967295}", [1, 2**32 - 1])], pa.list_(pa.int64())),
    "money": (
        "money",
        [("$1,234.50", Decimal("1234.50")), ("-$0.05", Decimal("-0.05")), (LARGEST, Decimal(LARGEST))],
        pa.decimal128(19, 2),
    ),
    "amounts": (
        "money[]",
        [('{"$1,234.50",-$0.05,NULL}', [Decimal("1234.50"), Decimal("-0.05"), None])],
        pa.list_(pa.decimal128(19, 2)),
    ),
    "fee": ("fee", [("$1,234.50",) * 2], pa.string()),
}
"""By column: its type, pairs of PostgreSQL's text and what lands of it, and the type in the file."""


@pytest.fixture(params=["full", "cursor", "cdc"])
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def insert(tables: Tables, kinds: dict[str, str], rows: list[dict[str, str | None]]) -> None:
    for number, row in enumerate(rows, 1):
        values = [
            "null" if row.get(name) is None else "'" + str(row[name]).replace("'", "''") + f"'::{kind}"
            for name, kind in kinds.items()
        ]
        tables.run(f"insert into things values ({number}, {', '.join(values)})")


def landed(tables: Tables, path: str, kinds: dict[str, str], rows: list[dict[str, str | None]]) -> pa.Table:
    """The rows as they land when they come after a first sync: from the log, if that is the path."""
    tables.run(
        f"create table things (id bigint primary key, {', '.join(f'{n} {k}' for n, k in kinds.items())})"
    )
    tables.connect_by(path, "things")
    if path == "cdc":
        assert tables.sync()["status"] == "succeeded"
    insert(tables, kinds, rows)
    assert tables.sync()["rowsSynced"] == len(rows)
    return tables.landing.rows("things").sort_by("id")


def test_every_type_lands_as_its_value_whatever_the_way(tables: Tables, path: str) -> None:
    tables.run(SOURCE)
    kinds = {name: kind for name, (kind, _, _) in TYPES.items()}
    count = max(len(pairs) for _, pairs, _ in TYPES.values())
    rows = [
        {name: pairs[number][0] if number < len(pairs) else None for name, (_, pairs, _) in TYPES.items()}
        for number in range(count)
    ]
    table = landed(tables, path, kinds, rows)
    for name, (_, pairs, kind) in TYPES.items():
        expected = [value for _, value in pairs] + [None] * (count - len(pairs))
        assert table[name].to_pylist() == expected, name
        assert str(table.schema.field(name).type).replace("element", "item") == str(kind), name
    assert not any(meta["changes"] for meta in table["_airbyte_meta"].to_pylist())
    assert json.loads(table["grid"][0].as_py()) == [[1, 2], [3, None]]


def test_a_list_that_cannot_land_whole_is_null_and_told(tables: Tables, path: str) -> None:
    """A time outside Parquet, NaN in a decimal, and an array in an array of the declared one dimension."""
    kinds = {"days": "date[]", "prices": "numeric(8,2)[]", "numbers": "integer[]", "fine": "text[]"}
    rows = [{"days": "{2025-10-16,infinity}", "prices": "{1,NaN}", "numbers": "{{1},{2}}", "fine": "{a}"}]
    table = landed(tables, path, kinds, rows)  # type: ignore[arg-type]
    [row] = table.to_pylist()
    assert (row["days"], row["prices"], row["numbers"], row["fine"]) == (None, None, None, ["a"])
    changes = {(change["field"], change["change"]) for change in row["_airbyte_meta"]["changes"]}
    assert changes == {("days", "NULLED"), ("prices", "NULLED"), ("numbers", "NULLED")}


def test_a_large_array_that_an_update_leaves_alone_lands_with_it(tables: Tables) -> None:
    """The log does not repeat it: it is read from the table."""
    tables.run("create table things (id bigint primary key, name text, list text[], place text)")
    tables.run("alter table things alter column list set storage external")
    tables.run("insert into things select 1, 'a', array(select n::text from generate_series(1, 9000) as n)")
    tables.connect_by("cdc", "things")
    tables.sync()
    tables.run("update things set name = 'b'")
    assert tables.sync()["rowsSynced"] == 1
    rows = tables.landing.rows("things").sort_by("_ab_cdc_lsn").to_pylist()
    assert [row["name"] for row in rows] == ["a", "b"]
    assert [row["list"] for row in rows] == [[str(n) for n in range(1, 9001)]] * 2
