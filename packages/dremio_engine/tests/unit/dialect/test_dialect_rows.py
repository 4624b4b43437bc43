"""What makes rows is refused where the engine cannot do it as Dremio does."""

from typing import Any

import pytest

from dremio_engine.errors import Unsupported


def test_flatten_outside_the_select_list_is_refused(dremio: Any) -> None:
    with pytest.raises(Unsupported, match="select list"):
        dremio.sql("select 1 from t where flatten(numbers) = 1")
