"""Statements at random, and slips of them: what Calcite refuses is not accepted."""

import pytest
from tests.grammar.additions import for_calcite
from tests.grammar.calcite import Calcite
from tests.grammar.generator import Generator
from tests.support.gate import is_admitted, refusal

SEEDS = [1, 2, 3]
STATEMENTS = 150
SLIPS = 5


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_statement_is_accepted_by_both(calcite: Calcite, seed: int) -> None:
    generator = Generator(seed)
    statements = [generator.statement() for _ in range(STATEMENTS)]
    refusals = calcite.refusals(statements)
    assert {sql: why for sql, why in zip(statements, refusals, strict=True) if why} == {}
    assert {sql: refusal(sql) for sql in statements if not is_admitted(sql)} == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slip_that_calcite_refuses_is_not_accepted(calcite: Calcite, seed: int) -> None:
    generator = Generator(seed)
    slips = [generator.slip(generator.statement()) for _ in range(STATEMENTS * SLIPS)]
    accepted = [(sql, asked) for sql in slips if is_admitted(sql) and (asked := for_calcite(sql)) is not None]
    assert len(accepted) > 10
    refusals = calcite.refusals([asked for _, asked in accepted])
    assert {sql: why for (sql, _), why in zip(accepted, refusals, strict=True) if why} == {}
