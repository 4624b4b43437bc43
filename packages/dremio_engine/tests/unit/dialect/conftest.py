"""Dremio SQL through the translator into a DuckDB set up as the engine sets it up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.functions import MACROS
from dremio_engine.sql.translate import Relation, Translator

VALUES = """
create table values_of_every_type as select
  7::integer as i, 2::integer as j, 0::integer as zero, 3::bigint as l, cast(null as integer) as nothing,
  10.50::decimal(10, 2) as p, 3.00::decimal(10, 2) as q, 123.4567::decimal(38, 4) as wide,
  2.5::double as x, 1.5::float as y, true as b, 'abc' as s,
  date '2025-01-31' as d, timestamp '2025-01-31 10:00:00.5' as ts, time '01:02:03' as t,
  [1, 2, 3] as numbers, ['a', 'b'] as letters, {'name': 'Gnarly', 'inner': {'n': 5}} as st, map {'k': 9} as m,
  '\\xAA'::blob as bytes
"""
TABLES = {
    ("gold", "orders"): "(select 1 as id, 10.5 as amount, date '2025-10-16' as order_date)",
    ("s", "a", "b", "t"): "(select 7 as id)",
    ("t",): "values_of_every_type",
    ("gold", "t"): "values_of_every_type",
}
VIEWS = {
    ("space", "v"): Relation("select id, amount * 2 from gold.orders", view=True),
    ("space", "deep"): Relation(
        "with orders as (select * from v) select id from orders", view=True, context=("space",)
    ),
    ("space", "ratio"): Relation("select p / q as r, t.* from gold.t", view=True),
}


@dataclass
class Dremio:
    """Runs queries; `resolve` is the catalogue of these tests."""

    duck: duckdb.DuckDBPyConnection

    def resolve(self, path: tuple[str, ...], context: tuple[str, ...] = ()) -> Relation:
        """The relation of a name. Raises InvalidStatement."""
        for candidate in ((*context, *path), path):
            key = tuple(p.lower() for p in candidate)
            if found := VIEWS.get(key):
                return found
            if sql := TABLES.get(key):
                return Relation(sql, columns=self._columns(sql))
        raise InvalidStatement(f"Object '{path[-1]}' not found")

    def _columns(self, sql: str) -> Callable[[], dict[str, str]]:
        return lambda: {
            row[0]: row[1] for row in self.duck.execute(f"describe select * from {sql}").fetchall()
        }

    def sql(self, query: str, user: str = "me") -> str:
        """DuckDB's text of a query."""
        return Translator(self.resolve, user).query(query, ()).sql

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.duck.execute(self.sql(query)).fetchall()

    def value(self, expression: str) -> Any:
        """The value of an expression over the one row of `t`."""
        [(value,)] = self.rows(f"select {expression} from t")
        return value

    def type(self, expression: str) -> str:
        """DuckDB's name of an expression's type."""
        description = self.duck.execute(self.sql(f"select {expression} from t")).description
        return str(description[0][1])


@pytest.fixture(scope="module")
def dremio() -> Dremio:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute("set integer_division = true")
    connection.execute("set default_null_order = 'nulls_last'")
    for macro in MACROS:
        connection.execute(macro)
    connection.execute(VALUES)
    return Dremio(connection)
