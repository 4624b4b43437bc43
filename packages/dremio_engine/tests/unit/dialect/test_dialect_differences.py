"""The differences from Dremio that remain: each one the function table's documentation lists, shown."""

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported
from dremio_engine.sql import functions
from dremio_engine.sql.functions.signature import ANY_NUMBER


def test_estimates_use_another_sketch(dremio: Any) -> None:
    [(ndv, half)] = dremio.rows(
        "select ndv(n), approx_percentile(n, 0.5) from (select flatten(array_generate_range(0, 5000)) as n) s"
    )
    assert 4000 < ndv < 6000
    assert 2400 < half < 2600


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("random(42)", "Invalid number of arguments"),
        ("count()", "Invalid number of arguments"),
        ("convert_from(s, 'JSON')", "known only"),
        ("convert_from(s, 'INT_BE')", "INT_BE"),
        ("regexp_split(s, 'a', 'LAST', -1)", "LAST"),
        ("to_date(s, 'D')", "Reading a date"),
        ("s similar to letters[0]", "needs a literal"),
        ("to_char(d, s)", "needs a literal"),
    ],
)
def test_what_would_give_another_answer_is_refused(dremio: Any, expression: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        dremio.sql(f"select {expression} from t")


@pytest.mark.parametrize(
    "expression",
    [
        "2147483647 + cast(1 as integer)",
        "cast('99999999999999999999999999999999999999' as decimal(38, 0)) + 1",
        "cast('123456' as decimal(5, 2))",
        "cast('99999999999999999999' as decimal(38, 0)) * cast('99999999999999999999' as decimal(38, 0))",
    ],
)
def test_a_number_that_leaves_its_type_is_an_error(dremio: Any, expression: str) -> None:
    with pytest.raises(duckdb.Error):
        dremio.rows(f"select {expression}")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("CAST('2025/01/31' AS DATE)", date(2025, 1, 31)),
        ("CAST(CONVERT_FROM('{\"a\": 50000000.5}', 'JSON')['a'] AS VARCHAR)", "50000000.5"),
        ("CONVERT_FROM('{\"a\": 5}', 'JSON')['a'] / cast(3 as decimal(3, 1))", 5 / 3),
    ],
)
def test_duckdbs_answer_where_dremio_has_another(dremio: Any, expression: str, value: Any) -> None:
    assert dremio.value(expression) == value


def test_regular_expressions_are_re2s(dremio: Any) -> None:
    with pytest.raises(duckdb.Error, match="invalid"):
        dremio.rows(r"select regexp_like('aa', '(a)\1')")


@pytest.mark.parametrize(
    "call",
    [
        *(
            "AES_ENCRYPT(s, s)",
            "AI_COMPLETE(s)",
            "CRC32(s)",
            "MAXDIR(s)",
            "GEO_DISTANCE(x, x, x, x)",
            "HASH(s)",
        ),
        *("HASH64(s)", "MASK_HASH(s)", "PARSE_URL(s, s)", "QUOTE(s)", "SHA512(s)", "SOUNDEX(s)"),
        *("TRY_CONVERT_FROM(s, s)", "NORMALIZE_STRING(s)", "LAST_QUERY_ID()"),
    ],
)
def test_documented_functions_left_out_are_refused_by_name_and_place(dremio: Any, call: str) -> None:
    with pytest.raises(Unsupported, match=f"{call.partition('(')[0]} at line 1, column 8"):
        dremio.sql(f"select {call} from t")


@pytest.mark.parametrize("name", sorted(set(functions.FUNCTIONS) - {"DECODE"}))
def test_every_function_refuses_a_wrong_number_of_arguments(dremio: Any, name: str) -> None:
    takes_any = ANY_NUMBER in functions.FUNCTIONS[name].templates
    arguments = "" if takes_any else ", ".join(["i"] * 9)
    with pytest.raises((InvalidStatement, Unsupported), match=name):
        dremio.sql(f'select "{name}"({arguments}) from t')


def test_decimal_sums_keep_38_digits(dremio: Any) -> None:
    assert dremio.rows("select sum(wide) / count(*) from t") == [(Decimal("123.456700"),)]
