"""Dremio SQL through the translator into a DuckDB set up as the engine sets it up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.paths import candidates
from dremio_engine.sql.data_types.types import Narrowing
from dremio_engine.sql.functions import MACROS
from dremio_engine.sql.gate import admit
from dremio_engine.sql.statement import read_statement
from dremio_engine.sql.translate import Relation, Translator

pytest.register_assert_rewrite("tests.dialect.example", "tests.dialect.behaviour")

from tests.dialect.example import ROW, Dialect, Refused  # noqa: E402
from tests.dialect.row_of_every_type import row_of_every_type  # noqa: E402

TABLES = {
    ("gold", "orders"): "(select 1 as id, 10.5 as amount, date '2025-10-16' as order_date)",
    ("s", "a", "b", "t"): "(select 7 as id)",
    ("t",): "row_of_every_type",
    ("gold", "t"): "row_of_every_type",
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
    """Runs queries; `resolve` is the catalog of these tests."""

    duck: duckdb.DuckDBPyConnection
    user: str = "me"

    def resolve(self, path: tuple[str, ...], context: tuple[str, ...] = ()) -> Relation:
        """The relation of a name. Raises InvalidStatement."""
        for candidate in candidates(path, context):
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

    def sql(self, query: str) -> str:
        """DuckDB's text of a query that has passed the gate."""
        admit(read_statement(query, (), self.user))
        return Translator(self.resolve, self.user).query(query, ()).sql

    def read(self, query: str) -> pa.Table:
        """The rows of an example, in the types that a client of Dremio sees. Raises Refused."""
        try:
            cursor = self.duck.execute(self.sql(query.replace(ROW, "t")))
            wide = frozenset(d[0] for d in cursor.description if str(d[1]) in ("HUGEINT", "UHUGEINT"))
            found = cursor.to_arrow_table()
        except (duckdb.Error, EngineError) as error:
            raise Refused(str(error)) from error
        narrowing = Narrowing(found.schema, wide)
        return pa.Table.from_batches(map(narrowing.batch, found.to_batches()), narrowing.schema)

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


@pytest.fixture(scope="session")
def dremio() -> Dremio:
    """One DuckDB for all tests: none of them changes anything."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute("set integer_division = true")
    connection.execute("set default_null_order = 'nulls_last'")
    for macro in MACROS:
        connection.execute(macro)
    connection.register("given", row_of_every_type())
    connection.execute("create table row_of_every_type as select * from given")
    return Dremio(connection)


@pytest.fixture(scope="session")
def dialect(dremio: Dremio) -> Dialect:
    """What the examples that all speakers of the dialect share are run by."""
    return dremio
