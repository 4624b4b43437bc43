"""The types that DuckDB gives a translated expression, before anything is narrowed for a client."""

from typing import Any

import pytest
from tests.dialect.types import RESULT_TYPES

from dremio_engine.sql.data_types.types import duckdb_type


@pytest.mark.parametrize(("expression", "kind"), [(e, duckdb_type(kind)) for e, kind in RESULT_TYPES])
def test_a_result_has_dremios_type_in_duckdb_itself(dremio: Any, expression: str, kind: str) -> None:
    described = dremio.duck.execute(f"describe {dremio.sql(f'select {expression} from t')}").fetchall()
    assert described[0][1] == kind
