"""What a query asks of a table beside its rows now: an older version, or what is known about its versions.

`t AT SNAPSHOT '<id>'`, `t AT TIMESTAMP '<moment>'` (UTC) and `TABLE(table_snapshot('t'))` with its
sisters. Branches, tags and commits belong to Nessie catalogs, which this engine does not have.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.dialect import tokens_of

METADATA_FUNCTIONS = ("table_history", "table_snapshot", "table_files", "table_partitions")


@dataclass(frozen=True)
class AtSnapshot:
    """The version with this id."""

    snapshot_id: int


@dataclass(frozen=True)
class AtMoment:
    """The version that was current at a moment (UTC, no zone in the value)."""

    moment: datetime


@dataclass(frozen=True)
class Metadata:
    """The rows of one of METADATA_FUNCTIONS."""

    function: str


Reading = AtSnapshot | AtMoment | Metadata


def reading_of(table: exp.Table) -> Reading | None:
    """What the clause behind a table's name asks for. Raises InvalidStatement, Unsupported."""
    clause = table.args.get("version")
    if clause is None:
        return None
    if not isinstance(clause, exp.Version) or clause.args.get("kind") != "AS OF":
        raise Unsupported(f"[{clause.sql(dialect='dremio')}] is not supported by the embedded engine.")
    value = clause.expression
    if clause.name == "VERSION":
        if not isinstance(value, exp.Literal):
            raise InvalidStatement("VALIDATION ERROR: AT SNAPSHOT needs the snapshot's id as a literal.")
        return at_snapshot(value.name)
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal):
        value = value.this
    if not isinstance(value, exp.Literal) or not value.is_string:
        raise Unsupported(
            f"AT TIMESTAMP [{value.sql(dialect='dremio')}]: the embedded engine takes a literal only,"
            " as in AT TIMESTAMP '2025-10-16 01:00:00.000'."
        )
    return at_moment(value.name)


def at_snapshot(text: str) -> AtSnapshot:
    """The reading of a snapshot id as it was written. Raises InvalidStatement."""
    if not text.isdecimal():
        raise InvalidStatement(f"VALIDATION ERROR: the provided snapshot ID '{text}' is invalid")
    return AtSnapshot(int(text))


def at_moment(text: str) -> AtMoment:
    """The reading of a moment as it was written; a zone in it is honoured. Raises InvalidStatement."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidStatement(
            f"VALIDATION ERROR: literal '{text}' is not a timestamp of the form YYYY-MM-DD HH:MI:SS.FFF"
        ) from error
    return AtMoment(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment)


def metadata_call(table: exp.Table) -> tuple[tuple[str, ...], Metadata] | None:
    """The path and function of `TABLE(function('path'))`; nothing for a plain table. Raises Unsupported."""
    call = table.this
    if not isinstance(call, exp.Func):
        return None
    inner = call.expressions[0] if call.name.lower() == "table" and len(call.expressions) == 1 else None
    if not isinstance(inner, exp.Anonymous) or inner.name.lower() not in METADATA_FUNCTIONS:
        named = inner if isinstance(inner, exp.Expr) else call
        _refuse_function((named.name.upper() if inner else named.name) or named.sql(dialect="dremio"))
    arguments = inner.expressions
    if len(arguments) != 1 or not isinstance(arguments[0], exp.Literal) or not arguments[0].is_string:
        raise InvalidStatement(f"VALIDATION ERROR: {inner.name} takes one table's path, as a string.")
    return path_in(arguments[0].name), Metadata(inner.name.lower())


def path_in(text: str) -> tuple[str, ...]:
    """The path that a string holds, parts quoted or not. Raises InvalidStatement."""
    parts = [token.text for token in tokens_of(text)]
    if not parts or len(parts) % 2 == 0 or any(dot != "." for dot in parts[1::2]):
        raise InvalidStatement(f"VALIDATION ERROR: [{text}] is not the path of a table.")
    return tuple(parts[::2])


def _refuse_function(name: str) -> NoReturn:
    raise Unsupported(
        f"VALIDATION ERROR: table function [{name}] is not supported by the embedded engine;"
        f" it has {', '.join(METADATA_FUNCTIONS)}."
    )
