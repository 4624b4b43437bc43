"""The small parser in front: statements that sqlglot does not know, cut into typed commands.

It works on tokens, so comments, case and quoting are settled before a word is looked at.
"""

import re

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.paths import Path, dotted
from dremio_engine.sql.statements.clauses import Clauses, partition_field, partitions, reflection
from dremio_engine.sql.statements.commands import (
    AccessStatement,
    AddColumns,
    AlterColumn,
    Change,
    Command,
    CreateFolder,
    CreateTable,
    CreateView,
    Describe,
    Drop,
    DropColumn,
    DropReflection,
    Explain,
    LocalSort,
    PartitionField,
    PartitionFields,
    Query,
    RefreshMetadata,
    RefreshReflections,
    SetOption,
    SetProperties,
    Show,
    ShowCreate,
    ShowProperties,
    Truncate,
)
from dremio_engine.sql.statements.copy_parser import copy_into
from dremio_engine.sql.statements.function_parser import (
    create_function,
    describe_function,
    drop_function,
    show_functions,
)
from dremio_engine.sql.statements.option_parser import property_names, session_option, table_properties
from dremio_engine.sql.statements.reader import Reader
from dremio_engine.sql.statements.upkeep_parser import optimize, rollback, vacuum


def parse_command(sql: str) -> Command:
    """Cut a statement into a command. Raises InvalidStatement, or Unsupported naming the statement."""
    reader = Reader(sql)
    if reader.done:
        raise InvalidStatement("PARSE ERROR: the statement is empty.")
    first = reader.peek.upper()
    if first in ("SELECT", "WITH", "VALUES", "("):
        return Query(reader.rest())
    if first in ("INSERT", "MERGE", "UPDATE", "DELETE"):
        return Change(first, reader.rest())
    if (action := _access_action(first, sql)) is not None:
        return AccessStatement(action, sql)
    handler = _STATEMENTS.get(first)
    if handler is None:
        raise Unsupported(f"PARSE ERROR: [{first}] statements are not supported by the embedded engine.")
    reader.next()
    command = handler(reader)
    if not reader.done:
        raise InvalidStatement(f"PARSE ERROR: unexpected [{reader.peek}]{reader.position()}.")
    return command


def _create(r: Reader) -> Command:
    replace = r.accept("OR", "REPLACE")
    if r.accept("VIEW") or r.accept("VDS"):
        missing = r.accept("IF", "NOT", "EXISTS")
        path = r.path()
        names = r.names() if r.peek == "(" else ()
        r.expect("AS")
        return CreateView(path, r.rest(), replace, missing, names)
    if not replace and r.accept("FOLDER"):
        missing = r.accept("IF", "NOT", "EXISTS")
        return CreateFolder(r.path(), missing)
    if r.accept("FUNCTION"):
        return create_function(r, replace)
    if not replace and r.accept("TABLE"):
        return _create_table(r)
    what = f"CREATE {'OR REPLACE ' if replace else ''}{r.peek.upper()}"
    raise Unsupported(f"PARSE ERROR: [{what}] is not supported by the embedded engine.")


_NOT_IN_CREATE_TABLE = ("CLUSTER", "LOCATION", "LIKE", "ROW", "AT")


# In the order in which Dremio takes them.
_TABLE_CLAUSES = (
    *("PARTITION", "DISTRIBUTE", "LOCALSORT", "CLUSTER", "TBLPROPERTIES", "LOCATION", "STORE", "WITH", "ROW"),
    "AS",
)


def _create_table(r: Reader) -> CreateTable:
    missing = r.accept("IF", "NOT", "EXISTS")
    path = r.path()
    columns = r.columns() if r.peek == "(" else ()
    fields: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    query = None
    clauses = Clauses("CREATE TABLE", _TABLE_CLAUSES)
    while not r.done:
        distributed = any(r.accept(word) for word in ("STRIPED", "HASH", "ROUNDROBIN"))
        clauses.begins(r)
        if r.accept("PARTITION", "BY"):
            fields = partitions(r)
        elif distributed:
            r.expect("PARTITION", "BY")
        elif r.accept("DISTRIBUTE", "BY"):
            r.names()
        elif r.accept("LOCALSORT", "BY"):
            sort = r.names()
        elif r.accept("TBLPROPERTIES"):
            properties = table_properties(r)
        elif r.accept("STORE", "AS"):
            _check_format(r.enclosed())
        elif r.accept("WITH", "SINGLE", "WRITER"):
            continue
        elif r.accept("AS"):
            query = r.rest()
        elif r.peek.upper() in _NOT_IN_CREATE_TABLE:
            raise Unsupported(
                f"CREATE TABLE .. [{r.peek.upper()}] is not supported by the embedded engine{r.position()}."
            )
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in CREATE TABLE{r.position()}.")
    if query is None and not columns:
        raise InvalidStatement("PARSE ERROR: CREATE TABLE needs columns or AS a query.")
    if query is None:
        _check_types(columns)
    return CreateTable(path, query, columns, fields, sort, missing, properties)


def _check_types(columns: tuple[tuple[str, str], ...]) -> None:
    for name, kind in columns:
        if not kind:
            raise InvalidStatement(f"PARSE ERROR: column [{name}] needs a type.")


def _check_format(options: str) -> None:
    found = re.search(r"type\s*=>\s*'(\w+)'", options, re.IGNORECASE)
    kind = found.group(1).lower() if found else "iceberg"
    if kind not in ("iceberg", "parquet"):
        raise Unsupported(f"STORE AS type '{kind}' is not supported by the embedded engine.")


def _drop(r: Reader) -> Command:
    if r.accept("FUNCTION"):
        return drop_function(r)
    for word, kind in (("TABLE", "table"), ("VIEW", "view"), ("VDS", "view"), ("FOLDER", "folder")):
        if r.accept(word):
            exists = r.accept("IF", "EXISTS")
            return Drop(kind, r.path(), exists)
    raise Unsupported(f"PARSE ERROR: [DROP {r.peek.upper()}] is not supported by the embedded engine.")


def _truncate(r: Reader) -> Command:
    r.accept("TABLE")
    exists = r.accept("IF", "EXISTS")
    return Truncate(r.path(), exists)


def _alter(r: Reader) -> Command:
    if r.accept("SESSION"):
        return session_option(r, "SESSION")
    if r.accept("SYSTEM"):
        return session_option(r, "SYSTEM")
    if not any(r.accept(word) for word in ("TABLE", "VIEW", "PDS", "VDS", "DATASET")):
        raise Unsupported(f"PARSE ERROR: [ALTER {r.peek.upper()}] is not supported by the embedded engine.")
    path = r.path()
    if r.accept("ADD", "PARTITION", "FIELD"):
        return PartitionFields(path, partition_field(r), drop=False)
    if r.accept("DROP", "PARTITION", "FIELD"):
        return PartitionFields(path, partition_field(r), drop=True)
    if r.accept("LOCALSORT", "BY"):
        return LocalSort(path, r.names())
    if any(r.accept(*words) for words in (("ADD", "PRIMARY", "KEY"), ("DROP", "PRIMARY", "KEY"))):
        raise Unsupported("ALTER TABLE .. PRIMARY KEY is not supported by the embedded engine.")
    if r.accept("ADD"):
        r.expect("COLUMNS")
        columns = r.columns()
        _check_types(columns)
        return AddColumns(path, columns)
    if r.accept("CREATE"):
        return reflection(r, path)
    if r.accept("DROP", "LOCALSORT"):
        return LocalSort(path, ())
    if r.accept("DROP", "REFLECTION"):
        return DropReflection(path, r.name())
    if r.accept("DROP"):
        r.accept("COLUMN")
        return DropColumn(path, r.name())
    if any(r.accept(*words) for words in (("ALTER", "COLUMN"), ("MODIFY", "COLUMN"), ("CHANGE", "COLUMN"))):
        return AlterColumn(path, r.name(), r.name(), r.type())
    if r.accept("REFRESH", "REFLECTIONS"):
        return RefreshReflections(path)
    if r.accept("REFRESH", "METADATA"):
        return _refresh_metadata(r, path)
    if r.accept("FORGET", "METADATA"):
        return RefreshMetadata(path, forget=True)
    if r.accept("SET", "TBLPROPERTIES"):
        return SetProperties(path, changed=table_properties(r))
    if r.accept("UNSET", "TBLPROPERTIES"):
        return SetProperties(path, removed=property_names(r))
    if r.accept("SET"):
        name = r.name().upper()
        if name != "ENABLE_DEFAULT_REFLECTION":
            raise Unsupported(f"ALTER .. SET [{name}] is not supported by the embedded engine.")
        r.expect("=")
        r.next()
        return SetOption(path, name)
    raise Unsupported(f"PARSE ERROR: ALTER .. [{r.peek.upper()}] is not supported by the embedded engine.")


_METADATA_CLAUSES = (("AUTO", "AVOID"), ("FORCE", "LAZY"), ("DELETE", "MAINTAIN"))


def _refresh_metadata(r: Reader, path: Path) -> RefreshMetadata:
    promote, delete = True, True
    clauses = Clauses("REFRESH METADATA", _METADATA_CLAUSES)
    while not r.done:
        clauses.begins(r)
        if r.accept("AUTO", "PROMOTION") or r.accept("FORCE", "UPDATE") or r.accept("LAZY", "UPDATE"):
            continue
        if r.accept("AVOID", "PROMOTION"):
            promote = False
        elif r.accept("DELETE", "WHEN", "MISSING"):
            delete = True
        elif r.accept("MAINTAIN", "WHEN", "MISSING"):
            delete = False
        elif r.accept("FORGET", "METADATA"):
            return RefreshMetadata(path, forget=True)
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in REFRESH METADATA{r.position()}.")
    return RefreshMetadata(path, promote, delete)


def _describe(r: Reader) -> Command:
    if r.accept("FUNCTION"):
        return describe_function(r)
    if r.before.upper() == "DESCRIBE":
        r.accept("TABLE")
    path = r.path()
    column = None if r.done else r.path()
    if column is not None and len(column) > 1:
        raise InvalidStatement(
            "VALIDATION ERROR: You can only describe single component paths. You tried to describe"
            f" [{dotted(column)}]."
        )
    return Describe(path, column[0] if column else None)


def _show(r: Reader) -> Command:
    if r.accept("CREATE", "TABLE") or r.accept("CREATE", "VIEW"):
        return ShowCreate(r.before.lower(), r.path())
    if r.accept("TBLPROPERTIES"):
        return ShowProperties(r.path())
    if r.accept("FUNCTIONS"):
        return show_functions(r)
    for word in ("SCHEMAS", "DATABASES", "TABLES", "VIEWS"):
        if r.accept(word):
            lists_all = word in ("SCHEMAS", "DATABASES")
            within = r.path() if not lists_all and (r.accept("IN") or r.accept("FROM")) else ()
            like = r.text() if r.accept("LIKE") else None
            return Show("SCHEMAS" if lists_all else word, within, like)
    raise Unsupported(f"PARSE ERROR: [SHOW {r.peek.upper()}] is not supported by the embedded engine.")


def _explain(r: Reader) -> Command:
    r.expect("PLAN", "FOR")
    return Explain(r.rest())


def _access_action(first: str, sql: str) -> str | None:
    """What a statement about access is called in the refusal of Community Edition."""
    if first in ("GRANT", "REVOKE"):
        return first
    reader = Reader(sql)
    for verb in ("CREATE", "DROP", "ALTER"):
        for kind in ("ROLE", "USER"):
            if reader.accept(verb, kind):
                return f"{verb} {kind}"
    return None


_STATEMENTS = {
    "CREATE": _create,
    "COPY": copy_into,
    "ROLLBACK": rollback,
    "VACUUM": vacuum,
    "OPTIMIZE": optimize,
    "DROP": _drop,
    "TRUNCATE": _truncate,
    "ALTER": _alter,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "SHOW": _show,
    "EXPLAIN": _explain,
}
