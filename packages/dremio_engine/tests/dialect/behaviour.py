"""What every speaker of Dremio's SQL has in common; the tests of each one's folder import these.

They ask the fixture `dialect`, which is each folder's own.
"""

import pyarrow as pa
import pytest
from tests.dialect import common_functions, conversions, dates, nested, numbers, queries, relations, text
from tests.dialect.example import DATE, ROW, TIMESTAMP, Dialect, Example, Refused, table, utc_now
from tests.dialect.names import COLUMN_NAMES, RESERVED_WORDS, WAYS_TO_ASK_WHO_ASKS, WAYS_TO_WRITE_A
from tests.dialect.refusals import DIVISIONS_BY_ZERO, NO_VALUE_OF_THE_TYPE, NOT_PARSED
from tests.dialect.types import RESULT_TYPES


@table(
    [
        *dates.MOMENTS,
        *dates.MORE_DATES,
        *dates.MOMENTS_AS_JDBC_WRITES_THEM,
        *dates.ZONES,
        *dates.READ_WITH_A_ZONE,
        *dates.CUT_TO_DAYS,
        *dates.SPANS,
    ]
)
def test_moments_are_moved_and_compared(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table(dates.PARTS)
def test_parts_of_moments_are_taken(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*dates.FORMATS, *conversions.CONVERSIONS])
def test_values_are_read_and_written_by_format(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*conversions.BYTES_AND_LENGTHS, *conversions.TEXTS_READ, *conversions.FLOATING_TEXTS])
def test_values_are_cast(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table(conversions.BECOME_TEXTS)
def test_values_become_texts_where_texts_are_wanted(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table(
    [
        *numbers.NUMBERS,
        *numbers.MORE_NUMBERS,
        *numbers.DIVISIONS,
        *numbers.WIDE_DECIMALS,
        *numbers.ROUNDING,
        *numbers.WITHOUT_BOUNDS,
    ]
)
def test_numbers_have_dremios_value_and_type(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*text.TEXT, *text.MORE_TEXT])
def test_text(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*common_functions.TYPES, *common_functions.ADDITIONS, *common_functions.OTHERS])
def test_common_functions(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table(common_functions.TYPED_JSON)
def test_json_becomes_values_of_a_named_type(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*common_functions.OVER_AGGREGATES, *common_functions.MAPS_AND_PERIODS])
def test_functions_by_type_take_aggregates(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*relations.UNNESTED, *relations.LATERAL, *relations.PIVOTED, *relations.UNPIVOTED])
def test_relations_are_made_in_from(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*text.CONDITIONS, *text.CHOICES])
def test_conditions(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*nested.SEMI_STRUCTURED, *nested.LISTS, *nested.TYPED, *nested.FLATTENED])
def test_lists_structs_and_maps(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*queries.AGGREGATES, *queries.GROUPED])
def test_rows_are_aggregated_ranked_and_ordered(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@table([*queries.QUERIES, *queries.SETS_OF_ROWS])
def test_queries(dialect: Dialect, example: Example) -> None:
    example.check(dialect)


@pytest.mark.parametrize(("expression", "kind"), RESULT_TYPES)
def test_a_result_has_dremios_type(dialect: Dialect, expression: str, kind: pa.DataType) -> None:
    assert dialect.read(f"select {expression} as v from {ROW} as t limit 0").column(0).type == kind


@pytest.mark.parametrize("expression", WAYS_TO_ASK_WHO_ASKS)
def test_a_query_knows_who_asks(dialect: Dialect, expression: str) -> None:
    assert dialect.read(f"select {expression} as v").column(0).to_pylist() == [dialect.user]


@pytest.mark.parametrize(("name", "kind"), [("current_timestamp", TIMESTAMP), ("now()", TIMESTAMP)])
def test_now_is_in_utc_without_a_zone(dialect: Dialect, name: str, kind: pa.DataType) -> None:
    column = dialect.read(f"select {name} as v").column(0)
    assert column.type == kind
    assert abs((column[0].as_py() - utc_now()).total_seconds()) < 300


def test_today_is_a_date_in_utc(dialect: Dialect) -> None:
    column = dialect.read("select current_date as v").column(0)
    assert column.type == DATE
    assert abs((column[0].as_py() - utc_now().date()).days) <= 1


@pytest.mark.parametrize(("sql", "names"), COLUMN_NAMES)
def test_columns_are_named_as_dremio_names_them(dialect: Dialect, sql: str, names: list[str]) -> None:
    assert dialect.read(sql).schema.names == names


@pytest.mark.parametrize("name", WAYS_TO_WRITE_A)
def test_names_have_no_case_even_quoted(dialect: Dialect, name: str) -> None:
    assert dialect.read(f"select {name} from (values (1)) as t(a)").column(0).to_pylist() == [1]


@pytest.mark.parametrize("word", RESERVED_WORDS)
def test_a_reserved_word_is_a_name_in_quotes(dialect: Dialect, word: str) -> None:
    assert dialect.read(f'select "{word}" from (values (1)) as t("{word}")').column(0).to_pylist() == [1]


def test_a_comment_is_not_a_statement(dialect: Dialect) -> None:
    assert dialect.read("/* a */ select 1 as a -- the end").column(0).to_pylist() == [1]


@pytest.mark.parametrize("sql", DIVISIONS_BY_ZERO)
def test_division_by_zero_is_an_error(dialect: Dialect, sql: str) -> None:
    with pytest.raises(Refused, match=r"(?i)divi(de|sion) by zero"):
        dialect.read(sql)


@pytest.mark.parametrize("sql", NO_VALUE_OF_THE_TYPE)
def test_text_that_is_not_a_value_of_the_type_is_an_error(dialect: Dialect, sql: str) -> None:
    with pytest.raises(Refused):
        dialect.read(sql)


@pytest.mark.parametrize("sql", NOT_PARSED)
def test_what_dremio_does_not_parse_is_an_error(dialect: Dialect, sql: str) -> None:
    with pytest.raises(Refused):
        dialect.read(sql)
