"""What Dremio has beside Calcite: accepted here, and each read by Calcite once it is taken out."""

import pytest
from tests.grammar.additions import CLAUSES, COMMANDS, STATEMENTS, Clause, Command, for_calcite
from tests.grammar.admitted_statements import admitted_statements
from tests.grammar.calcite import Calcite
from tests.support.gate import is_admitted

QUERIES = [*CLAUSES, *COMMANDS]


@pytest.mark.parametrize("addition", QUERIES, ids=[addition.name for addition in QUERIES])
def test_an_addition_is_accepted_and_its_query_is_calcites(
    calcite: Calcite, addition: Clause | Command
) -> None:
    assert is_admitted(addition.example)
    asked = for_calcite(addition.example)
    assert asked is not None
    assert asked != addition.example
    assert calcite.refusal(asked) == ""


@pytest.mark.parametrize("addition", CLAUSES, ids=[addition.name for addition in CLAUSES])
def test_a_clause_of_the_table_is_none_of_calcites(calcite: Calcite, addition: Clause) -> None:
    assert calcite.refusal(addition.example) != ""


@pytest.mark.parametrize(("source", "example"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_without_a_query_is_accepted_and_calcite_is_not_asked(source: str, example: str) -> None:
    assert source.startswith("docs.dremio.com")
    assert is_admitted(example)
    assert for_calcite(example) is None


def test_calcite_reads_every_statement_that_these_tests_send(calcite: Calcite) -> None:
    statements = admitted_statements()
    assert len(statements) > 1000
    asked = {sql: for_calcite(sql) for sql in statements}
    queries = {sql: query for sql, query in asked.items() if query is not None}
    refused = dict(zip(queries, calcite.refusals(list(queries.values())), strict=True))
    assert {sql: why for sql, why in refused.items() if why} == {}
