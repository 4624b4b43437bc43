"""The repository's own SQL is accepted here and by Calcite: what dbt, the library and Superset send."""

import pytest
from tests.grammar.additions import for_calcite
from tests.grammar.calcite import Calcite

from testing.dremio_sql.statements import DBT_PYTHON, fault_of, own_statements


def test_the_projects_sql_is_accepted_by_both(calcite: Calcite) -> None:
    if not DBT_PYTHON.exists():
        pytest.skip("dbt's environment is not here: make setup")
    statements = own_statements()
    assert len(statements) > 100
    assert [fault for statement in statements if (fault := fault_of(statement))] == []
    queries = [(statement, query) for statement in statements if (query := for_calcite(statement.sql))]
    refusals = calcite.refusals([query for _, query in queries])
    assert [(each.file, why) for (each, _), why in zip(queries, refusals, strict=True) if why] == []
