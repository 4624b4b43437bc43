"""What makes rows is refused where the engine cannot do it as Dremio does."""

from typing import Any

import pytest

from dremio_engine.errors import Unsupported


def test_flatten_outside_the_select_list_is_refused(dremio: Any) -> None:
    with pytest.raises(Unsupported, match="select list"):
        dremio.sql("select 1 from t where flatten(numbers) = 1")


THREE = "(values (1, 'a', 10), (2, 'b', 20), (3, 'b', 30), (4, null, null)) as v(id, k, n)"


@pytest.mark.parametrize("clause", ["pivot (sum(n) for k in ('a'))", "unpivot (x for y in (id, n))"])
def test_pivot_is_refused(dremio: Any, clause: str) -> None:
    with pytest.raises(Unsupported):
        dremio.sql(f"select * from (select * from {THREE}) {clause}")
