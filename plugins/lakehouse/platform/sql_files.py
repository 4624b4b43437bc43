"""SQL kept in files: `include/sql/<database>/<purpose>.sql`, one purpose per file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lakehouse.platform.repository import INCLUDE

SQL: Final = INCLUDE / "sql"


@cache
def read_sql(name: str) -> str:
    """The text of `include/sql/<name>`, for statements whose values the driver binds."""
    return (SQL / name).read_text(encoding="utf-8")


def render_sql(name: str, values: Mapping[str, object]) -> str:
    """`include/sql/<name>` with its `{{ placeholders }}` filled, for names no driver can bind.

    Raises `jinja2.UndefinedError` when a placeholder has no value.
    """
    return _environment().get_template(name).render(**values).strip()


def quote_path(parts: Sequence[str]) -> str:
    """A dataset path as SQL, each part quoted: `"lake_bronze"."postgres"."orders"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@cache
def _environment() -> Environment:
    # No HTML is made here: escaping would corrupt the SQL.
    return Environment(loader=FileSystemLoader(SQL), undefined=StrictUndefined, autoescape=False)  # noqa: S701
