"""Nothing that only another dialect has is accepted; Calcite judges what is Dremio's."""

import re

import pytest
from tests.grammar.additions import for_calcite
from tests.grammar.calcite import Calcite
from tests.grammar.corpus import FOREIGN, SEMANTIC
from tests.support.gate import is_admitted


@pytest.mark.parametrize("dialect", FOREIGN)
def test_no_line_of_another_dialect_is_accepted(dialect: str) -> None:
    assert len(FOREIGN[dialect]) > 30
    assert [line for line in FOREIGN[dialect] if is_admitted(line)] == []


@pytest.mark.parametrize("dialect", FOREIGN)
def test_calcite_refuses_each_line_too_or_the_reason_is_listed(calcite: Calcite, dialect: str) -> None:
    asked = [(line, for_calcite(line)) for line in FOREIGN[dialect]]
    queries = [(line, query) for line, query in asked if query is not None]
    refusals = calcite.refusals([query for _, query in queries])
    parsed = [line for (line, _), refusal in zip(queries, refusals, strict=True) if not refusal]
    assert [line for line in parsed if not any(re.search(why, line) for why in SEMANTIC.values())] == []
