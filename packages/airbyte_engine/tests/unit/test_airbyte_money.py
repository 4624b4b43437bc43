"""The number in a text of money, whatever the server's locale puts around its digits."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from airbyte_engine.worker.postgres.columns import MONEY, Column
from airbyte_engine.worker.postgres.text_values import typed


@pytest.mark.parametrize(
    ("text", "fraction_digits", "value"),
    [
        ("$1,234.50", 2, "1234.50"),
        ("-$1,234.50", 2, "-1234.50"),
        ("($0.05)", 2, "-0.05"),
        ("1.234,50 €", 2, "1234.50"),
        ("-1 234,50 kr", 2, "-1234.50"),
        ("\u22121\u00a0234,50\u00a0kr", 2, "-1234.50"),
        ("￥1,235", 0, "1235"),
        ("-￥1,235", 0, "-1235"),
        ("1.234 د.ك", 3, "1.234"),
        ("-$92,233,720,368,547,758.08", 2, "-92233720368547758.08"),
    ],
)
def test_money_of_any_locale_is_its_number(text: str, fraction_digits: int, value: str) -> None:
    column = Column("price", MONEY, (19 << 16) + fraction_digits + 4)
    assert column.lands_as == f"decimal(19,{fraction_digits})"
    for strict in (False, True):
        row = duckdb.sql(f"select {typed(column, '$text', strict)}", params={"text": text}).fetchone()
        assert row == (Decimal(value),)
