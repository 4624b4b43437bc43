"""Statements about the user's functions. Source: docs.dremio.com, SQL commands, User-Defined Functions."""

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.statements.function_commands import (
    CreateFunction,
    DescribeFunction,
    DropFunction,
    ShowFunctions,
)
from dremio_engine.sql.statements.reader import Reader

Columns = tuple[tuple[str, str], ...]


def create_function(r: Reader, replace: bool) -> CreateFunction:
    """What follows CREATE [OR REPLACE] FUNCTION."""
    where = r.position()
    missing = r.accept("IF", "NOT", "EXISTS")
    if missing and replace:
        raise InvalidStatement(f"PARSE ERROR: OR REPLACE and IF NOT EXISTS exclude each other{where}.")
    path = r.path()
    parameters = _columns(r)
    r.expect("RETURNS")
    columns: Columns = ()
    returns = ""
    if r.accept("TABLE"):
        columns = _columns(r)
        if not columns:
            raise InvalidStatement(f"PARSE ERROR: RETURNS TABLE needs columns{where}.")
    else:
        returns = r.type()
    r.expect("RETURN")
    _check_once("Parameter", parameters)
    _check_once("Column", columns)
    return CreateFunction(path, parameters, returns, columns, r.rest(), replace, missing)


def drop_function(r: Reader) -> DropFunction:
    """What follows DROP FUNCTION."""
    exists = r.accept("IF", "EXISTS")
    return DropFunction(r.path(), exists)


def describe_function(r: Reader) -> DescribeFunction:
    """What follows DESCRIBE FUNCTION."""
    return DescribeFunction(r.path())


def show_functions(r: Reader) -> ShowFunctions:
    """What follows SHOW FUNCTIONS."""
    return ShowFunctions(r.text().strip() if r.accept("LIKE") else None)


def _columns(r: Reader) -> Columns:
    r.expect("(")
    found: list[tuple[str, str]] = []
    if r.accept(")"):
        return ()
    while True:
        name = r.name()
        found.append((name, r.type()))
        if r.accept("DEFAULT"):
            raise Unsupported(
                "VALIDATION ERROR: Default Expression Is Not Supported Yet. Create two functions, one with"
                " and one without the parameter."
            )
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _check_once(what: str, columns: Columns) -> None:
    names = [name.lower() for name, _ in columns]
    for name, _ in columns:
        if names.count(name.lower()) > 1:
            raise InvalidStatement(f"VALIDATION ERROR: {what} name {name} appears more than once")
