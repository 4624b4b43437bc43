"""Numbers. Pages below docs.dremio.com/current/reference/sql; decimal types as Gandiva gives them."""

import pyarrow as pa
import pytest
from tests.conformance.dialect.case import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    VARCHAR,
    Case,
    decimal,
    exact,
    table,
)
from tests.conformance.dialect.conftest import Read


@table(
    # data-types: integers divide to integers, towards zero.
    Case("7 / 2", 3, INTEGER),
    Case("-7 / 2", -3, INTEGER),
    Case("cast(7 as bigint) / 2", 3, BIGINT),
    Case("7 / 2.0e0", 3.5, DOUBLE),
    Case("cast(7 as double) / 2", 3.5, DOUBLE),
    Case("mod(7, 3)", 1),
    Case("mod(-7, 3)", -1),
    Case("7 * 3 - 1", 20, INTEGER),
    Case("1 + cast(2 as bigint)", 3, BIGINT),
    Case("cast(1.5 as double) + 1", 2.5, DOUBLE),
    Case("cast(1.5 as float)", 1.5, FLOAT),
    # data-types, DECIMAL: "sufficient precision and scale to hold the result"; the rule is that of Gandiva,
    # Dremio's evaluator (arrow, gandiva/decimal_type_util.cc: a product has p1 + p2 + 1 digits).
    Case("cast(1.5 as decimal(10,2)) + cast(1.25 as decimal(8,3))", exact("2.750"), decimal(12, 3)),
    Case("cast(1.5 as decimal(10,2)) - cast(1.25 as decimal(10,2))", exact("0.25"), decimal(11, 2)),
    Case("cast(1.5 as decimal(10,2)) * cast(1.25 as decimal(8,3))", exact("1.87500"), decimal(19, 5)),
    Case("cast(10 as decimal(10,2)) / cast(4 as decimal(10,2))", exact("2.5"), decimal(23, 13)),
    Case("987.65", exact("987.65"), decimal(5, 2)),
    Case("cast('1234.565' as decimal(10,2))", exact("1234.57"), decimal(10, 2)),
    Case("cast('7' as decimal)", exact("7"), decimal(38, 0)),
    Case("sum(cast(1.5 as decimal(10,2)))", exact("1.50"), decimal(38, 2)),
    Case("sum(1)", 1, BIGINT),
    Case("avg(3)", 3.0, DOUBLE),  # sql-functions/functions/AVG: DOUBLE
    Case("avg(cast(1.5 as decimal(10,2)))", 1.5, DOUBLE),
    Case("count(*)", 1, BIGINT),
    # sql-functions/functions/ROUND
    Case("round(24)", 24, INTEGER),
    Case("round(-24, -1)", -20, INTEGER),
    Case("round(cast(12345 as bigint), -2)", 12300, BIGINT),
    Case("round(cast(24.56 as float))", 25.0, FLOAT),
    Case("round(cast(123.456 as double), 2)", 123.46, DOUBLE),
    Case("round(24.35, 1)", exact("24.4")),
    Case("round(99.567)", exact("100")),
    Case("round(-2.5)", exact("-3")),
    Case("truncate(987.65)", exact("987")),
    Case("ceil(3.1459)", exact("4")),
    Case("floor(0.1)", exact("0")),
    Case("abs(-7)", 7, INTEGER),
    Case("sign(-0.5e0)", -1),
    Case("power(5, 2)", 25.0, DOUBLE),
    Case("sqrt(25.25)", 5.024937810560445, DOUBLE),
    Case("log(20.5)", 3.0204248861443626, DOUBLE),
    Case("log(10, 2)", 0.30102999566398114, DOUBLE),
    Case("log10(20.5)", 1.3117538610557542, DOUBLE),
    Case("exp(1)", 2.718281828459045, DOUBLE),
    Case("pi()", 3.141592653589793, DOUBLE),
    Case("greatest(1, 5, 3)", 5),
    Case("least(1, 5, 3)", 1),
    # Conversions.
    Case("cast('12' as integer)", 12, INTEGER),
    Case("cast(12.5 as varchar)", "12.5", VARCHAR),
    Case("cast(true as varchar)", "true", VARCHAR),
    Case("cast('true' as boolean)", True, BOOLEAN),
    Case("to_number('12.5', '#.#')", 12.5, DOUBLE),
)
def test_numbers_have_dremios_value_and_type(read: Read, case: Case) -> None:
    case.check(read(case.query))


@pytest.mark.parametrize("expression", ["1 / 0", "cast(1 as decimal(5,2)) / cast(0 as decimal(5,2))"])
def test_division_by_zero_is_an_error(read: Read, expression: str) -> None:
    with pytest.raises(pa.ArrowException, match=r"(?i)divi(de|sion) by zero"):
        read(f"select {expression} as v")


@pytest.mark.parametrize(
    "expression", ["cast('x' as integer)", "cast('1.5x' as double)", "cast('no day' as date)"]
)
def test_text_that_is_no_value_of_the_type_is_an_error(read: Read, expression: str) -> None:
    with pytest.raises(pa.ArrowException):
        read(f"select {expression} as v")
