"""dbt's cross-database macros on text and logic, as dbt-dremio implements them."""

from dbt.tests.adapter.utils.test_any_value import TestAnyValue
from dbt.tests.adapter.utils.test_array_append import TestArrayAppend
from dbt.tests.adapter.utils.test_array_concat import TestArrayConcat
from dbt.tests.adapter.utils.test_array_construct import TestArrayConstruct
from dbt.tests.adapter.utils.test_bool_or import TestBoolOr
from dbt.tests.adapter.utils.test_cast import TestCast
from dbt.tests.adapter.utils.test_cast_bool_to_text import TestCastBoolToText
from dbt.tests.adapter.utils.test_concat import TestConcat
from dbt.tests.adapter.utils.test_equals import TestEquals
from dbt.tests.adapter.utils.test_escape_single_quotes import TestEscapeSingleQuotes
from dbt.tests.adapter.utils.test_except import TestExcept
from dbt.tests.adapter.utils.test_hash import TestHash
from dbt.tests.adapter.utils.test_intersect import TestIntersect
from dbt.tests.adapter.utils.test_length import TestLength
from dbt.tests.adapter.utils.test_listagg import TestListagg
from dbt.tests.adapter.utils.test_null_compare import TestMixedNullCompare, TestNullCompare
from dbt.tests.adapter.utils.test_position import TestPosition
from dbt.tests.adapter.utils.test_replace import TestReplace
from dbt.tests.adapter.utils.test_right import TestRight
from dbt.tests.adapter.utils.test_safe_cast import TestSafeCast
from dbt.tests.adapter.utils.test_split_part import TestSplitPart
from dbt.tests.adapter.utils.test_string_literal import TestStringLiteral
from dbt.tests.adapter.utils.test_validate_sql import TestValidateSqlMethod

__all__ = [
    "TestAnyValue",
    "TestArrayAppend",
    "TestArrayConcat",
    "TestArrayConstruct",
    "TestBoolOr",
    "TestCast",
    "TestCastBoolToText",
    "TestConcat",
    "TestEquals",
    "TestEscapeSingleQuotes",
    "TestExcept",
    "TestHash",
    "TestIntersect",
    "TestLength",
    "TestListagg",
    "TestMixedNullCompare",
    "TestNullCompare",
    "TestPosition",
    "TestReplace",
    "TestRight",
    "TestSafeCast",
    "TestSplitPart",
    "TestStringLiteral",
    "TestValidateSqlMethod",
]
