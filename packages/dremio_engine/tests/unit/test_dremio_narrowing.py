"""Results in the types that Dremio's clients know."""

from decimal import Decimal

import pyarrow as pa
import pytest

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.data_types.types import Narrowing


def narrowed(number: int) -> int:
    batch = pa.record_batch([pa.array([Decimal(number)], pa.decimal128(38, 0))], ["n"])
    found = Narrowing(batch.schema, frozenset(["n"])).batch(batch)
    assert found.schema.field("n").type == pa.int64()
    return int(found.column(0)[0].as_py())


@pytest.mark.parametrize("number", [0, 2**63 - 1, -(2**63)])
def test_a_wide_whole_number_becomes_a_bigint(number: int) -> None:
    assert narrowed(number) == number


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_beyond_bigint_is_an_error_and_not_another_number(number: int) -> None:
    with pytest.raises(InvalidStatement, match="out of range for the type BIGINT"):
        narrowed(number)
