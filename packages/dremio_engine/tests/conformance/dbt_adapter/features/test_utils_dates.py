"""dbt's cross-database macros on dates, types and series, as dbt-dremio implements them."""

import pytest
from dbt.tests.adapter.utils.data_types.test_type_bigint import TestTypeBigInt
from dbt.tests.adapter.utils.data_types.test_type_boolean import TestTypeBoolean
from dbt.tests.adapter.utils.data_types.test_type_float import TestTypeFloat
from dbt.tests.adapter.utils.data_types.test_type_int import TestTypeInt
from dbt.tests.adapter.utils.data_types.test_type_numeric import TestTypeNumeric
from dbt.tests.adapter.utils.data_types.test_type_string import TestTypeString
from dbt.tests.adapter.utils.data_types.test_type_timestamp import TestTypeTimestamp
from dbt.tests.adapter.utils.test_current_timestamp import BaseCurrentTimestampNaive
from dbt.tests.adapter.utils.test_date import TestDate
from dbt.tests.adapter.utils.test_date_spine import TestDateSpine
from dbt.tests.adapter.utils.test_date_trunc import TestDateTrunc
from dbt.tests.adapter.utils.test_dateadd import TestDateAdd
from dbt.tests.adapter.utils.test_datediff import TestDateDiff
from dbt.tests.adapter.utils.test_generate_series import TestGenerateSeries
from dbt.tests.adapter.utils.test_get_intervals_between import TestGetIntervalsBetween
from dbt.tests.adapter.utils.test_get_powers_of_two import TestGetPowersOfTwo
from dbt.tests.adapter.utils.test_last_day import TestLastDay
from dbt.tests.adapter.utils.test_source_freshness_custom_info import TestCalculateFreshnessMethod
from dbt.tests.adapter.utils.test_timestamps import BaseCurrentTimestamps

__all__ = [
    "TestCalculateFreshnessMethod",
    "TestDate",
    "TestDateAdd",
    "TestDateDiff",
    "TestDateSpine",
    "TestDateTrunc",
    "TestGenerateSeries",
    "TestGetIntervalsBetween",
    "TestGetPowersOfTwo",
    "TestLastDay",
    "TestTypeBigInt",
    "TestTypeBoolean",
    "TestTypeFloat",
    "TestTypeInt",
    "TestTypeNumeric",
    "TestTypeString",
    "TestTypeTimestamp",
]


class TestCurrentTimestampNaive(BaseCurrentTimestampNaive):
    pass


class TestCurrentTimestamps(BaseCurrentTimestamps):
    """Dremio has one type of timestamp, without a zone."""

    @pytest.fixture(scope="class")
    def expected_schema(self) -> dict[str, str]:
        names = ("current_timestamp", "current_timestamp_in_utc_backcompat", "current_timestamp_backcompat")
        return dict.fromkeys(names, "timestamp")

    @pytest.fixture(scope="class")
    def expected_sql(self) -> None:
        return None
