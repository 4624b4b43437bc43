"""The small parser in front: statements that sqlglot does not know, cut into typed commands.

It works on tokens, so comments, case and quoting are settled before a word is looked at. What is a
query inside a command (the SELECT of a view or a table) stays text for `translate.py`.
"""

import re
from dataclasses import dataclass, field

from sqlglot.tokens import Token, TokenType

from embedded.dremio.errors import InvalidStatement, Unsupported
from embedded.dremio.sql.dialect import tokens_of

Path = tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """SELECT, WITH, VALUES."""

    sql: str


@dataclass(frozen=True)
class Explain:
    """EXPLAIN PLAN FOR a query."""

    sql: str


@dataclass(frozen=True)
class Change:
    """INSERT, MERGE, UPDATE, DELETE: `sql` whole, for sqlglot."""

    verb: str
    sql: str


@dataclass(frozen=True)
class PartitionField:
    """A column and the transform on it: identity, year, month, day, hour, bucket or truncate."""

    column: str
    transform: str = "identity"
    argument: int | None = None


@dataclass(frozen=True)
class CreateTable:
    """CREATE TABLE with columns, AS a query, or both."""

    path: Path
    query: str | None
    columns: tuple[tuple[str, str], ...] = ()
    partitions: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    if_missing: bool = False
    replace: bool = False


@dataclass(frozen=True)
class CreateView:
    """CREATE [OR REPLACE] VIEW."""

    path: Path
    query: str
    replace: bool


@dataclass(frozen=True)
class CreateFolder:
    """CREATE FOLDER [IF NOT EXISTS]."""

    path: Path
    if_missing: bool


@dataclass(frozen=True)
class Drop:
    """DROP TABLE, VIEW or FOLDER."""

    kind: str
    path: Path
    if_exists: bool


@dataclass(frozen=True)
class Truncate:
    """TRUNCATE [TABLE]."""

    path: Path
    if_exists: bool


@dataclass(frozen=True)
class AddColumns:
    """ALTER TABLE ADD COLUMNS (name type, ..)."""

    path: Path
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DropColumn:
    """ALTER TABLE DROP COLUMN."""

    path: Path
    column: str


@dataclass(frozen=True)
class AlterColumn:
    """ALTER TABLE ALTER COLUMN old new type."""

    path: Path
    column: str
    renamed: str
    type: str


@dataclass(frozen=True)
class RefreshMetadata:
    """ALTER TABLE|PDS .. REFRESH METADATA; `forget` for FORGET METADATA."""

    path: Path
    auto_promotion: bool = True
    delete_missing: bool = True
    forget: bool = False


@dataclass(frozen=True)
class CreateReflection:
    """ALTER .. CREATE RAW|AGGREGATE REFLECTION name USING .."""

    path: Path
    name: str
    type: str
    display: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    measures: tuple[tuple[str, tuple[str, ...]], ...] = ()
    partitions: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()


@dataclass(frozen=True)
class DropReflection:
    """ALTER .. DROP REFLECTION name."""

    path: Path
    name: str


@dataclass(frozen=True)
class RefreshReflections:
    """ALTER .. REFRESH REFLECTIONS."""

    path: Path


@dataclass(frozen=True)
class SetOption:
    """ALTER .. SET name = value: accepted where it changes nothing here."""

    path: Path
    name: str


@dataclass(frozen=True)
class Describe:
    """DESCRIBE [TABLE] path."""

    path: Path


@dataclass(frozen=True)
class Show:
    """SHOW SCHEMAS|TABLES|VIEWS [IN path] [LIKE pattern]."""

    what: str
    within: Path = field(default=())
    like: str | None = None


Command = (
    Query | Explain | Change | CreateTable | CreateView | CreateFolder | Drop | Truncate | AddColumns | DropColumn
    | AlterColumn | RefreshMetadata | CreateReflection | DropReflection | RefreshReflections | SetOption | Describe
    | Show
)  # fmt: skip


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
    handler = _STATEMENTS.get(first)
    if handler is None:
        raise Unsupported(f"PARSE ERROR: [{first}] statements are not supported by the embedded engine.")
    reader.next()
    command = handler(reader)
    if not reader.done:
        raise InvalidStatement(f"PARSE ERROR: unexpected [{reader.peek}]{reader.position()}.")
    return command


class Reader:
    """A cursor over tokens that can give back the raw text of what it has not read."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = tokens_of(sql)
        self._at = 0
        for token in self._tokens:
            if token.token_type == TokenType.SEMICOLON:
                raise Unsupported("PARSE ERROR: several statements in one call are not supported.")

    @property
    def done(self) -> bool:
        """Nothing is left."""
        return self._at >= len(self._tokens)

    @property
    def peek(self) -> str:
        """The next token's text, empty at the end."""
        return "" if self.done else self._tokens[self._at].text

    def position(self) -> str:
        """Where the next token stands."""
        if self.done:
            return " at the end"
        token = self._tokens[self._at]
        return f" at line {token.line}, column {token.col}"

    def next(self) -> Token:
        """Read one token."""
        if self.done:
            raise InvalidStatement("PARSE ERROR: the statement ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, *words: str) -> bool:
        """Read these words if they come next (they may stand in one token, as GROUP BY does)."""
        start, wanted = self._at, [w.upper() for w in words]
        while wanted and not self.done and self._tokens[self._at].token_type != TokenType.IDENTIFIER:
            parts = self._tokens[self._at].text.upper().split()
            if wanted[: len(parts)] != parts or not parts:
                break
            wanted = wanted[len(parts) :]
            self._at += 1
        if wanted:
            self._at = start
        return not wanted

    def expect(self, *words: str) -> None:
        """Read these words or raise InvalidStatement."""
        if not self.accept(*words):
            raise InvalidStatement(
                f"PARSE ERROR: expected {' '.join(words)}, found [{self.peek}]{self.position()}."
            )

    def name(self) -> str:
        """One identifier."""
        token = self.next()
        if token.token_type == TokenType.STRING or not token.text or token.text in "()=,.;*":
            self._at -= 1
            raise InvalidStatement(f"PARSE ERROR: expected a name, found [{token.text}]{self.position()}.")
        return token.text

    def path(self) -> Path:
        """Identifiers with dots between."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def rest(self) -> str:
        """The raw text from here to the end (without a closing semicolon)."""
        if self.done:
            raise InvalidStatement("PARSE ERROR: the statement ends too early.")
        start, end = self._tokens[self._at].start, self._tokens[-1].end
        self._at = len(self._tokens)
        return self._sql[start : end + 1]

    def enclosed(self) -> str:
        """The raw text between a bracket here and its partner."""
        self.expect("(")
        start, depth = self._tokens[self._at - 1].end + 1, 1
        while depth:
            token = self.next()
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.token_type != TokenType.STRING else 0
        return self._sql[start : self._tokens[self._at - 1].start]

    def names(self) -> tuple[str, ...]:
        """(a, b, ..)."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return tuple(found)

    def columns(self) -> tuple[tuple[str, str], ...]:
        """(name type, ..): types as text."""
        self.expect("(")
        found = []
        while True:
            name = self.name()
            found.append((name, self.type()))
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(found)

    def type(self) -> str:
        """A type: words, then perhaps (n, m)."""
        words = [self.name()]
        while (
            not self.done
            and re.fullmatch(r"[A-Za-z]+", self.peek)
            and self.peek.upper() not in ("NOT", "NULL")
        ):
            words.append(self.name())
        text = " ".join(words)
        if self.peek == "(":
            text += f"({self.enclosed()})"
        if self.accept("NOT"):
            self.expect("NULL")
        else:
            self.accept("NULL")
        return text


def _create(r: Reader) -> Command:
    replace = r.accept("OR", "REPLACE")
    if r.accept("VIEW") or r.accept("VDS"):
        path = r.path()
        if r.peek == "(":
            raise Unsupported("CREATE VIEW with a column list is not supported by the embedded engine.")
        r.expect("AS")
        return CreateView(path, r.rest(), replace)
    if r.accept("FOLDER"):
        missing = r.accept("IF", "NOT", "EXISTS")
        return CreateFolder(r.path(), missing)
    if r.accept("TABLE"):
        return _create_table(r, replace)
    raise Unsupported(f"PARSE ERROR: [CREATE {r.peek.upper()}] is not supported by the embedded engine.")


def _create_table(r: Reader, replace: bool) -> CreateTable:
    missing = r.accept("IF", "NOT", "EXISTS")
    path = r.path()
    columns = r.columns() if r.peek == "(" else ()
    partitions: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    query = None
    while not r.done:
        if any(r.accept(word) for word in ("STRIPED", "HASH", "ROUNDROBIN")):
            continue
        if r.accept("PARTITION", "BY"):
            partitions = _partitions(r)
        elif r.accept("DISTRIBUTE", "BY"):
            r.names()
        elif r.accept("LOCALSORT", "BY"):
            sort = r.names()
        elif r.accept("STORE", "AS"):
            _check_format(r.enclosed())
        elif r.accept("WITH", "SINGLE", "WRITER"):
            continue
        elif r.accept("AS"):
            query = r.rest()
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in CREATE TABLE{r.position()}.")
    if query is None and not columns:
        raise InvalidStatement("PARSE ERROR: CREATE TABLE needs columns or AS a query.")
    return CreateTable(path, query, columns, partitions, sort, missing, replace)


def _check_format(options: str) -> None:
    found = re.search(r"type\s*=>\s*'(\w+)'", options, re.IGNORECASE)
    kind = found.group(1).lower() if found else "iceberg"
    if kind not in ("iceberg", "parquet"):
        raise Unsupported(f"STORE AS type '{kind}' is not supported by the embedded engine.")


def _partitions(r: Reader) -> tuple[PartitionField, ...]:
    r.expect("(")
    found = []
    while True:
        word = r.name()
        if r.accept("("):
            first = r.name()
            argument = None
            if r.accept(","):
                argument, first = int(first), r.name()
            r.expect(")")
            found.append(PartitionField(first, word.lower(), argument))
        else:
            found.append(PartitionField(word))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _drop(r: Reader) -> Command:
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
    if not any(r.accept(word) for word in ("TABLE", "VIEW", "PDS", "VDS", "DATASET")):
        raise Unsupported(f"PARSE ERROR: [ALTER {r.peek.upper()}] is not supported by the embedded engine.")
    path = r.path()
    if r.accept("ADD"):
        r.accept("COLUMNS") or r.accept("COLUMN")
        return AddColumns(path, r.columns())
    if r.accept("CREATE"):
        return _reflection(r, path)
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
    if r.accept("SET"):
        name = r.name().upper()
        if name != "ENABLE_DEFAULT_REFLECTION":
            raise Unsupported(f"ALTER .. SET [{name}] is not supported by the embedded engine.")
        r.expect("=")
        r.next()
        return SetOption(path, name)
    raise Unsupported(f"PARSE ERROR: ALTER .. [{r.peek.upper()}] is not supported by the embedded engine.")


def _refresh_metadata(r: Reader, path: Path) -> RefreshMetadata:
    promote, delete = True, True
    while not r.done:
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


def _reflection(r: Reader, path: Path) -> CreateReflection:
    raw = r.accept("RAW")
    if not raw:
        r.accept("AGGREGATE") or r.expect("AGG")
    r.expect("REFLECTION")
    name = r.name()
    r.expect("USING")
    display: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    measures: tuple[tuple[str, tuple[str, ...]], ...] = ()
    partitions: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    while not r.done:
        if r.accept("DISPLAY"):
            display = r.names()
        elif r.accept("DIMENSIONS"):
            dimensions = _dimensions(r)
        elif r.accept("MEASURES"):
            measures = _measures(r)
        elif r.accept("PARTITION", "BY"):
            partitions = _partitions(r)
        elif r.accept("LOCALSORT", "BY"):
            sort = r.names()
        elif r.accept("DISTRIBUTE", "BY"):
            r.names()
        elif r.accept("ARROW", "CACHE", "TRUE") or r.accept("ARROW", "CACHE", "FALSE"):
            continue
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in CREATE REFLECTION{r.position()}.")
    return CreateReflection(
        path, name, "RAW" if raw else "AGGREGATION", display, dimensions, measures, partitions, sort
    )


def _dimensions(r: Reader) -> tuple[tuple[str, str], ...]:
    r.expect("(")
    found = []
    while True:
        column = r.name()
        by_day = r.accept("BY", "DAY")
        found.append((column, "DATE" if by_day else "NORMAL"))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _measures(r: Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    r.expect("(")
    found = []
    while True:
        column = r.name()
        kinds = tuple(k.upper() for k in _measure_kinds(r)) if r.peek == "(" else ()
        found.append((column, kinds))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _measure_kinds(r: Reader) -> list[str]:
    words = r.enclosed().replace("\n", " ").split(",")
    return ["_".join(word.split()) for word in words]


def _describe(r: Reader) -> Command:
    r.accept("TABLE")
    return Describe(r.path())


def _show(r: Reader) -> Command:
    for word in ("SCHEMAS", "DATABASES", "TABLES", "VIEWS"):
        if r.accept(word):
            within = r.path() if r.accept("IN") or r.accept("FROM") else ()
            like = r.next().text if r.accept("LIKE") else None
            return Show("SCHEMAS" if word == "DATABASES" else word, within, like)
    raise Unsupported(f"PARSE ERROR: [SHOW {r.peek.upper()}] is not supported by the embedded engine.")


def _explain(r: Reader) -> Command:
    r.expect("PLAN")
    r.accept("FOR")
    return Explain(r.rest())


def _grant(r: Reader) -> Command:
    raise Unsupported("GRANT action is only supported in Enterprise Edition.")


def _revoke(r: Reader) -> Command:
    raise Unsupported("REVOKE action is only supported in Enterprise Edition.")


_STATEMENTS = {
    "CREATE": _create,
    "DROP": _drop,
    "TRUNCATE": _truncate,
    "ALTER": _alter,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "SHOW": _show,
    "EXPLAIN": _explain,
    "GRANT": _grant,
    "REVOKE": _revoke,
}
