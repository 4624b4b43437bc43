"""What the gate says of a statement."""

from __future__ import annotations

import pytest

from dremio_engine.errors import EngineError
from dremio_engine.sql.gate import admit
from dremio_engine.sql.statement import read_statement


def is_admitted(sql: str) -> bool:
    """Whether the gate lets a statement through."""
    try:
        admit(read_statement(sql, (), "me"))
    except EngineError:
        return False
    return True


def refusal(sql: str) -> str:
    """The words of a refusal."""
    with pytest.raises(EngineError) as refused:
        admit(read_statement(sql, (), "me"))
    return refused.value.message
