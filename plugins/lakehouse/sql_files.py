"""SQL kept in files: `include/sql/<database>/<purpose>.sql`, one purpose per file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def include_folder() -> Path:
    """The repository's `include/`: beside `plugins/`, unless LAKEHOUSE_INCLUDE_DIR says otherwise."""
    configured = os.environ.get("LAKEHOUSE_INCLUDE_DIR")
    return Path(configured) if configured else Path(__file__).resolve().parents[2] / "include"


def read_sql(name: str) -> str:
    """The text of `include/sql/<name>`, for statements whose values the driver binds."""
    return (include_folder() / "sql" / name).read_text(encoding="utf-8")


def render_sql(name: str, values: Mapping[str, object]) -> str:
    """`include/sql/<name>` with its `{{ placeholders }}` filled, for names no driver can bind.

    Raises `jinja2.UndefinedError` when a placeholder has no value.
    """
    return _environment(include_folder() / "sql").get_template(name).render(**values).strip()


def quote_path(parts: tuple[str, ...] | list[str]) -> str:
    """A dataset path as SQL, each part quoted: `"lake_bronze"."postgres"."orders"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


@cache
def _environment(folder: Path) -> Environment:
    # No HTML is made here: escaping would corrupt the SQL.
    return Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)  # noqa: S701
