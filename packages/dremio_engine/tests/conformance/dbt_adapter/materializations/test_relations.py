"""dbt's relations: changed types, aliases, column types, ephemeral models, stored failures, unit tests."""

import pytest
from dbt.tests.adapter.aliases.test_aliases import (
    TestAliasErrors,
    TestAliases,
    TestSameAliasDifferentDatabases,
    TestSameAliasDifferentSchemas,
)
from dbt.tests.adapter.column_types.test_column_types import TestPostgresColumnTypes
from dbt.tests.adapter.ephemeral.test_ephemeral import (
    TestEphemeralErrorHandling,
    TestEphemeralMulti,
    TestEphemeralNested,
)
from dbt.tests.adapter.relations.test_changing_relation_type import TestChangeRelationTypes
from dbt.tests.adapter.relations.test_dropping_schema_named import TestDropSchemaNamed
from dbt.tests.adapter.store_test_failures_tests.basic import (
    StoreTestFailuresAsExceptions,
    StoreTestFailuresAsGeneric,
    StoreTestFailuresAsInteractions,
    StoreTestFailuresAsProjectLevelEphemeral,
    StoreTestFailuresAsProjectLevelOff,
    StoreTestFailuresAsProjectLevelView,
)
from dbt.tests.adapter.store_test_failures_tests.test_store_test_failures import (
    TestStoreTestFailures,
    TestStoreTestFailuresLimit,
)
from dbt.tests.adapter.unit_testing.test_case_insensitivity import TestPosgresUnitTestCaseInsensitivity
from dbt.tests.adapter.unit_testing.test_invalid_input import TestPostgresUnitTestInvalidInput
from dbt.tests.adapter.unit_testing.test_quoted_reserved_word_column_names import (
    BaseUnitTestQuotedReservedWordColumnNames,
)
from dbt.tests.adapter.unit_testing.test_types import BaseUnitTestingTypes

__all__ = [
    "TestAliasErrors",
    "TestAliases",
    "TestChangeRelationTypes",
    "TestDropSchemaNamed",
    "TestEphemeralErrorHandling",
    "TestEphemeralMulti",
    "TestEphemeralNested",
    "TestPosgresUnitTestCaseInsensitivity",
    "TestPostgresColumnTypes",
    "TestPostgresUnitTestInvalidInput",
    "TestSameAliasDifferentDatabases",
    "TestSameAliasDifferentSchemas",
    "TestStoreTestFailures",
    "TestStoreTestFailuresLimit",
]


class TestUnitTestQuotedReservedWordColumnNames(BaseUnitTestQuotedReservedWordColumnNames):
    pass


class TestStoreTestFailuresAsInteractions(StoreTestFailuresAsInteractions):
    pass


class TestStoreTestFailuresAsProjectLevelOff(StoreTestFailuresAsProjectLevelOff):
    pass


class TestStoreTestFailuresAsProjectLevelView(StoreTestFailuresAsProjectLevelView):
    pass


class TestStoreTestFailuresAsGeneric(StoreTestFailuresAsGeneric):
    pass


class TestStoreTestFailuresAsExceptions(StoreTestFailuresAsExceptions):
    pass


class TestStoreTestFailuresAsProjectLevelEphemeral(StoreTestFailuresAsProjectLevelEphemeral):
    pass


class TestUnitTestingTypes(BaseUnitTestingTypes):
    @pytest.fixture
    def data_types(self) -> list[list[str]]:
        """(value in SQL, value in YAML)."""
        return [
            ["1", "1"],
            ["'1'", "1"],
            ["true", "true"],
            ["date '2020-01-02'", "2020-01-02"],
            ["timestamp '2013-11-03 00:00:00'", "2013-11-03 00:00:00"],
            ["cast('1' as decimal)", "1"],
        ]
