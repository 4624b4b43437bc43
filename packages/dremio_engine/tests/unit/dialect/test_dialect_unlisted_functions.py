"""What is answered here although neither Dremio's reference nor its public registry lists it."""

from typing import Any

from tests.dialect.common_functions import UNLISTED
from tests.dialect.example import Example, table


@table(UNLISTED)
def test_functions_of_other_engines(dremio: Any, example: Example) -> None:
    example.check(dremio)


def test_every_row_has_its_own_uuid(dremio: Any) -> None:
    [(different,)] = dremio.rows(
        "select count(distinct u) from (select uuid() as u from (values (1), (2)) as v(a))"
    )
    assert different == 2
