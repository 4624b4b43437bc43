"""Every statement of the project that goes to Dremio, and the first fault of one."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dremio_engine.errors import EngineError
from dremio_engine.sql.gate import admit
from dremio_engine.sql.statement import read_statement
from testing.dremio_sql.superset import superset_statements
from testing.repository import ROOT

DBT_PYTHON: Final = ROOT / ".local" / "envs" / "dbt" / "bin" / "python"
RENDERER: Final = Path(__file__).with_name("render_templates.py")


class NotRendered(Exception):
    """The templates could not be rendered; the message has dbt's reason."""


@dataclass(frozen=True)
class Statement:
    """`file`, from the repository's root, is where the statement is written."""

    file: str
    sql: str
    root: Path = ROOT


def own_statements(root: Path = ROOT) -> list[Statement]:
    """Those of dbt's models, tests and macros, of include/sql/dremio, of Superset's datasets and charts.

    `root`: this repository, or a copy of it. Raises NotRendered.
    """
    of_superset = superset_statements(root / "include" / "superset")
    return [*_rendered(root), *(Statement(file, sql, root) for file, sql in of_superset)]


def fault_of(statement: Statement) -> str | None:
    """`file:line: why Dremio would not parse it`, or nothing."""
    try:
        admit(read_statement(statement.sql, (), "lint"))
    except EngineError as error:
        found = re.search(r"line (\d+), column", error.message)
        line = _line_in_file(statement, int(found[1])) if found else ""
        return f"{statement.file}{line}: {error.message}"
    return None


def _rendered(root: Path) -> Iterator[Statement]:
    done = subprocess.run([DBT_PYTHON, RENDERER, root], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotRendered((done.stderr or done.stdout).strip()[-2000:])
    for file, sql in json.loads(done.stdout):
        yield Statement(file, sql, root)


def _line_in_file(statement: Statement, line: int) -> str:
    """`:12`, where the file has that line of the statement once; else which line of the statement it is."""
    text = statement.sql.split("\n")[line - 1].strip()
    written = (statement.root / statement.file).read_text(encoding="utf-8").splitlines()
    places = [number for number, each in enumerate(written, 1) if text in each]
    return f":{places[0]}" if len(places) == 1 else f" (line {line} of what it becomes: {text})"
