"""`make lint` refuses SQL that Dremio would refuse, and says where it is written."""

from pathlib import Path

import pytest
import yaml

from testing.dremio_sql.statements import Statement, fault_of
from testing.dremio_sql.superset import superset_statements
from testing.repository import ROOT

FILE = "include/sql/dremio/recent_jobs.sql"


def test_a_fault_is_named_with_its_file_and_line() -> None:
    """A comma behind the last column."""
    lines = (ROOT / FILE).read_text().splitlines()
    number = next(number for number, text in enumerate(lines, 1) if text.endswith(" status,"))
    fault = fault_of(Statement(FILE, f"select\n{lines[number - 1]}\nfrom sys.jobs_recent"))
    assert fault is not None
    assert fault.startswith(
        f'{FILE}:{number}: PARSE ERROR: Failure parsing the query. Encountered "," at line 2'
    )


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select a::int from t", "::"),
        ("select a as value from t", "value"),
        ("select a, from t", ","),
        ("merge into t using u on t.a = u.a when matched then delete", "when matched then delete"),
    ],
)
def test_a_line_that_the_file_does_not_have_is_shown(sql: str, word: str) -> None:
    fault = fault_of(Statement(FILE, sql))
    assert fault is not None
    assert fault.startswith(f"{FILE} (line 1 of what it becomes: {sql}): PARSE ERROR")
    assert f'Encountered "{word}"' in fault


def test_right_sql_has_no_fault() -> None:
    assert fault_of(Statement(FILE, "select cast(a as integer) as a from t")) is None


def test_every_expression_of_supersets_assets_is_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "include" / "superset"
    dataset = {
        "schema": "gold",
        "table_name": "orders",
        "sql": "select a::int from t",
        "metrics": [{"expression": "sum(b::int)"}],
        "columns": [{"expression": None}, {"expression": "c::int"}],
        "fetch_values_predicate": "d::int = 1",
    }
    query_context = '{"queries": [{"filters": [{"clause": "WHERE", "sqlExpression": "f::int = 1"}]}]}'
    chart = {"params": {"metrics": [{"sqlExpression": "sum(e::int)"}]}, "query_context": query_context}
    for kind, asset in (("datasets", dataset), ("charts", chart)):
        (folder / kind).mkdir(parents=True)
        (folder / kind / "one.yaml").write_text(yaml.safe_dump(asset))
    found = list(superset_statements(folder))
    assert [file for file, _ in found] == ["include/superset/datasets/one.yaml"] * 4 + [
        "include/superset/charts/one.yaml"
    ] * 2
    assert [sql for _, sql in found if not any(f"{name}::int" in sql for name in "abcdef")] == []
    assert all("Encountered" in str(fault_of(Statement(FILE, sql))) for _, sql in found)


@pytest.mark.needs_shop
def test_the_projects_own_assets_have_statements() -> None:
    files = {file for file, _ in superset_statements(ROOT / "include" / "superset")}
    assert len(files) > 4
