"""The values that an update left alone and the log does not repeat, read from the table.

Under the default replica identity PostgreSQL writes a large value to the log only when it changes. REPLICA
IDENTITY FULL puts the old row beside every update; then nothing is fetched. The log never has the value of a
generated column; it is fetched for every row.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from airbyte_engine.worker.postgres.changes import Key
from airbyte_engine.worker.postgres.pgoutput import Relation, Row


def fetch_current(
    connection: psycopg.Connection[Any], relation: Relation, positions: list[int], keys: list[Key]
) -> dict[Key, Row]:
    """The columns at these positions, as PostgreSQL's text, of the rows that are still there, by key."""
    if not keys or not relation.key:
        return {}
    names = [relation.columns[at].name for at in relation.key]
    types = [_type_name(connection, relation, at) for at in relation.key]
    missing = [sql.Identifier("t", relation.columns[at].name) for at in positions]
    sent = [
        [None if value is None else _text(value) for value in column] for column in zip(*keys, strict=True)
    ]
    marks = [sql.SQL("{}::text[]").format(sql.Placeholder()) for _ in sent]
    given = [sql.Identifier(f"k{number}") for number in range(len(names))]
    query = sql.SQL(
        "select {given}, {missing} from {table} as t join unnest({marks}) as g({given}) on {match}"
    ).format(
        given=sql.SQL(", ").join(given),
        # As the log writes it: a cast to text spells some types in another way, such as boolean.
        missing=sql.SQL(", ").join(
            sql.SQL("case when {0} is distinct from null then format('%%s', {0}) end").format(name)
            for name in missing
        ),
        table=sql.Identifier(relation.schema, relation.name),
        marks=sql.SQL(", ").join(marks),
        match=sql.SQL(" and ").join(
            sql.SQL("{} = {}::{}").format(sql.Identifier("t", name), mark, sql.SQL(kind))
            for name, mark, kind in zip(names, given, types, strict=True)
        ),
    )
    found: dict[Key, Row] = {}
    for row in connection.execute(query, sent).fetchall():
        texts = [None if value is None else str(value).encode() for value in row]
        found[tuple(texts[: len(names)])] = list(texts[len(names) :])
    return found


def _type_name(connection: psycopg.Connection[Any], relation: Relation, at: int) -> str:
    column = relation.columns[at]
    row = connection.execute("select format_type(%s::oid, %s)", (column.type_id, column.modifier)).fetchone()
    return str(row[0]) if row else "text"


def _text(value: Any) -> str:
    if not isinstance(value, bytes):
        raise TypeError("a key column is never left out of the log")
    return value.decode()
