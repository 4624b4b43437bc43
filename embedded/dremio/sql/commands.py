"""What a statement asks for, as typed commands; a query inside one stays text for `translate.py`."""

from dataclasses import dataclass, field

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
    Query
    | Explain
    | Change
    | CreateTable
    | CreateView
    | CreateFolder
    | Drop
    | Truncate
    | AddColumns
    | DropColumn
    | AlterColumn
    | RefreshMetadata
    | CreateReflection
    | DropReflection
    | RefreshReflections
    | SetOption
    | Describe
    | Show
)
