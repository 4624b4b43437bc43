"""What a statement asks for, as typed commands; a query inside one stays text for `translate.py`."""

from dataclasses import dataclass, field
from datetime import datetime

from dremio_engine.paths import Path
from dremio_engine.sql.readings import AtMoment, AtSnapshot
from dremio_engine.sql.statements.function_commands import FunctionCommand
from dremio_engine.sql.statements.load_commands import CopyInto


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
    """CREATE TABLE with columns, AS a query, or both; a column without a type (empty) has its query's."""

    path: Path
    query: str | None
    columns: tuple[tuple[str, str], ...] = ()
    partitions: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    if_missing: bool = False
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CreateView:
    """CREATE [OR REPLACE] VIEW [IF NOT EXISTS], perhaps with names for its columns."""

    path: Path
    query: str
    replace: bool
    if_missing: bool = False
    columns: tuple[str, ...] = ()


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
class PartitionFields:
    """ALTER TABLE ADD|DROP PARTITION FIELD."""

    path: Path
    field: PartitionField
    drop: bool


@dataclass(frozen=True)
class LocalSort:
    """ALTER TABLE LOCALSORT BY (..): how files written from now on are sorted; none: not at all."""

    path: Path
    sort: tuple[str, ...]


@dataclass(frozen=True)
class Rollback:
    """ROLLBACK TABLE .. TO SNAPSHOT|TIMESTAMP."""

    path: Path
    to: AtSnapshot | AtMoment


@dataclass(frozen=True)
class Vacuum:
    """VACUUM TABLE .. EXPIRE SNAPSHOTS; `older_than` is UTC."""

    path: Path
    older_than: datetime | None = None
    retain_last: int = 1


@dataclass(frozen=True)
class Optimize:
    """OPTIMIZE TABLE; the defaults are Dremio's. Without `data` only manifests were to be rewritten.

    `partitions` is the condition of FOR PARTITIONS.
    """

    path: Path
    data: bool = True
    min_input_files: int = 5
    min_file_size_mb: int = 192
    target_file_size_mb: int = 256
    max_file_size_mb: int = 460
    partitions: str | None = None


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
class SetProperties:
    """ALTER TABLE SET|UNSET TBLPROPERTIES: names with their new values, or names alone."""

    path: Path
    changed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShowProperties:
    """SHOW TBLPROPERTIES."""

    path: Path


@dataclass(frozen=True)
class ShowCreate:
    """SHOW CREATE TABLE|VIEW."""

    kind: str
    path: Path


@dataclass(frozen=True)
class SessionOption:
    """ALTER SESSION|SYSTEM SET name = value, or RESET name; `value` is None for RESET."""

    scope: str
    name: str
    value: str | bool | float | None


@dataclass(frozen=True)
class Describe:
    """DESCRIBE [TABLE] path [column]."""

    path: Path
    column: str | None = None


@dataclass(frozen=True)
class Show:
    """SHOW SCHEMAS|TABLES|VIEWS [IN path] [LIKE pattern]."""

    what: str
    within: Path = field(default=())
    like: str | None = None


@dataclass(frozen=True)
class AccessStatement:
    """GRANT, REVOKE, and statements about roles and users: whole, for `sql/statements/grants.py`."""

    action: str
    sql: str


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
    | PartitionFields
    | LocalSort
    | Rollback
    | Vacuum
    | Optimize
    | RefreshMetadata
    | CreateReflection
    | DropReflection
    | RefreshReflections
    | SetOption
    | SetProperties
    | ShowProperties
    | ShowCreate
    | SessionOption
    | Describe
    | Show
    | AccessStatement
    | FunctionCommand
    | CopyInto
)
