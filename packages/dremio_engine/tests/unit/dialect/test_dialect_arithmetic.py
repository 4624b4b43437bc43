"""Division by zero, DECIMAL's rules, and that the checks cost no wrong answer elsewhere."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dremio_engine.errors import EngineError, Unsupported
from dremio_engine.sql.data_types.type_rules import arithmetic_type, common_type

# One DuckDB for every example.
EXAMPLES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_filter_keeps_zero_away_from_the_division(dremio: Any) -> None:
    assert dremio.rows("select i from t where zero <> 0 and i / zero > 1") == []


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        ("DECIMAL(10,2)", "+", "DECIMAL(8,3)", "DECIMAL(12,3)"),
        ("DECIMAL(10,2)", "-", "INTEGER", "DECIMAL(13,2)"),
        ("DECIMAL(10,2)", "*", "DECIMAL(10,2)", "DECIMAL(21,4)"),
        ("DECIMAL(10,2)", "/", "DECIMAL(10,2)", "DECIMAL(23,13)"),
        ("DECIMAL(38,2)", "/", "BIGINT", "DECIMAL(38,6)"),
        ("DECIMAL(38,10)", "+", "DECIMAL(38,10)", "DECIMAL(38,9)"),
        ("DECIMAL(38,10)", "*", "DECIMAL(38,10)", "DECIMAL(38,6)"),
        ("DECIMAL(10,2)", "%", "DECIMAL(5,1)", "DECIMAL(6,2)"),
        ("DECIMAL(10,2)", "*", "DOUBLE", "DOUBLE"),
        ("INTEGER", "/", "BIGINT", "BIGINT"),
        ("BIGINT", "%", "INTEGER", "INTEGER"),
        ("VARCHAR", "+", "INTEGER", None),
        (None, "+", "INTEGER", None),
    ],
)
def test_arithmetic_has_gandivas_types(left: str, operator: str, right: str, result: str | None) -> None:
    assert arithmetic_type(operator, left, right) == result


@pytest.mark.parametrize(
    ("types", "result"),
    [
        (["INTEGER", "BIGINT"], "BIGINT"),
        (["DECIMAL(10,2)", "INTEGER"], "DECIMAL(12,2)"),
        (["DECIMAL(10,2)", "DOUBLE"], "DOUBLE"),
        (["DATE", "TIMESTAMP"], "TIMESTAMP"),
        (['"NULL"', "DATE"], "DATE"),
        (["VARCHAR", "INTEGER"], None),
        (["INTEGER", None], None),
        ([], None),
    ],
)
def test_values_side_by_side_have_a_common_type(types: list[str | None], result: str | None) -> None:
    assert common_type(types) == result


@pytest.mark.parametrize(
    "query",
    [
        "select r from space.ratio",
        "select p / q as r from t",
        "with o as (select p, q as w from t) select p / w from o",
        "select k / q from (select p as k, q from gold.t) s",
        "select a.p / b.q from t a join gold.t b on a.i = b.i",
        "select (select o.p / u.q from gold.t u) from t as o",
        "select v.n / v.m from (values (cast(1 as decimal(10, 2)), cast(2 as decimal(10, 2)))) as v(n, m)",
        "select p / q from t group by p / q having p / q > 0 order by p / q",
        "select p / q from (select * from space.ratio) x",
        "select r from (select p / q as r from t union all select p / q from t) u limit 1",
    ],
)
def test_the_types_of_columns_are_known_through_views_queries_and_joins(dremio: Any, query: str) -> None:
    cursor = dremio.duck.execute(dremio.sql(query))
    assert str(cursor.description[0][1]) == "DECIMAL(23,13)"


def test_columns_of_any_name_divide_what_they_hold(dremio: Any) -> None:
    query = (
        "select a / b / dividend / divisor, array_remove(l, e) from"
        " (values (cast(24 as decimal(4, 1)), 2, 3, 4, array[1, 2], 2)) as t(a, b, dividend, divisor, l, e)"
    )
    assert dremio.rows(query) == [(Decimal(1), [1])]


def test_a_name_inside_an_operand_that_is_written_twice_is_resolved(dremio: Any) -> None:
    for query in ("select (select count(*) from duckdb_settings) / 2", "select 1 / (select 2 from main.x)"):
        with pytest.raises(EngineError, match="not found"):
            dremio.sql(query)


def test_nested_divisions_grow_the_text_by_their_number_only(dremio: Any) -> None:
    chain = "i" + " / j" * 40
    assert len(dremio.sql(f"select {chain} from t")) < 40 * 120
    assert dremio.value(chain) == 0
    inner = "(select 1)"
    for _ in range(8):
        inner = f"(1 / {inner})"
    with pytest.raises(Unsupported, match="divisions inside one another"):
        dremio.sql(f"select 1 / {inner}")


decimals = st.integers(1, 12).flatmap(
    lambda p: st.integers(0, p).flatmap(
        lambda s: st.tuples(st.integers(-(10**p) + 1, 10**p - 1), st.just(p), st.just(s))
    )
)


def _cast(number: tuple[int, int, int]) -> tuple[str, Decimal]:
    digits, precision, scale = number
    value = Decimal(digits).scaleb(-scale)
    return f"cast('{value:f}' as decimal({precision}, {scale}))", value


@EXAMPLES
@given(left=decimals, right=decimals)
def test_a_decimal_quotient_is_exact_and_rounded_half_up(dremio: Any, left: Any, right: Any) -> None:
    (left_sql, a), (right_sql, b) = _cast(left), _cast(right)
    if b == 0:
        return
    [(quotient,)] = dremio.rows(f"select {left_sql} / {right_sql}")
    with localcontext() as exact:
        exact.prec = 100
        unit = Decimal(1).scaleb(quotient.as_tuple().exponent)
        assert quotient == (a / b).quantize(unit, ROUND_HALF_UP)
    kind = arithmetic_type("/", f"DECIMAL({left[1]},{left[2]})", f"DECIMAL({right[1]},{right[2]})")
    assert str(dremio.duck.execute(dremio.sql(f"select {left_sql} / {right_sql}")).description[0][1]) == kind


@EXAMPLES
@given(left=decimals, right=decimals, operator=st.sampled_from("+-*%"))
def test_other_decimal_arithmetic_is_exact(dremio: Any, left: Any, right: Any, operator: str) -> None:
    (left_sql, a), (right_sql, b) = _cast(left), _cast(right)
    if operator == "%" and b == 0:
        return
    with localcontext() as exact:
        exact.prec = 100
        expected = {"+": a + b, "-": a - b, "*": a * b, "%": a % b if b else a}[operator]
    assert dremio.rows(f"select {left_sql} {operator} {right_sql}") == [(expected,)]


@EXAMPLES
@given(a=st.integers(-(2**31) + 1, 2**31 - 1), b=st.integers(-(2**31) + 1, 2**31 - 1))
def test_integers_divide_towards_zero(dremio: Any, a: int, b: int) -> None:
    if b:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        [row] = dremio.rows(f"select ({a}) / ({b}), mod({a}, {b})")
        assert row == (quotient, a - quotient * b)
