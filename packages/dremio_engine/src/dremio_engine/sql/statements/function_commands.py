"""What statements about the user's functions ask for."""

from dataclasses import dataclass

from dremio_engine.paths import Path


@dataclass(frozen=True)
class CreateFunction:
    """CREATE [OR REPLACE] FUNCTION [IF NOT EXISTS]; `columns` instead of `returns` for a tabular one."""

    path: Path
    parameters: tuple[tuple[str, str], ...]
    returns: str
    columns: tuple[tuple[str, str], ...]
    body: str
    replace: bool = False
    if_missing: bool = False


@dataclass(frozen=True)
class DropFunction:
    """DROP FUNCTION [IF EXISTS]."""

    path: Path
    if_exists: bool


@dataclass(frozen=True)
class DescribeFunction:
    """DESCRIBE FUNCTION."""

    path: Path


@dataclass(frozen=True)
class ShowFunctions:
    """SHOW FUNCTIONS [LIKE pattern]."""

    like: str | None = None


FunctionCommand = CreateFunction | DropFunction | DescribeFunction | ShowFunctions
