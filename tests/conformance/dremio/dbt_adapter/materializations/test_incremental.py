"""dbt's incremental models: keys, predicates, excluded columns, changed columns, microbatch."""

from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import BaseMergeExcludeColumns
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import TestIncrementalOnSchemaChange
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates
from dbt.tests.adapter.incremental.test_incremental_unique_id import TestIncrementalUniqueKey

__all__ = [
    "TestIncrementalOnSchemaChange",
    "TestIncrementalUniqueKey",
]


class TestMergeExcludeColumns(BaseMergeExcludeColumns):
    pass


class TestMicrobatch(BaseMicrobatch):
    pass


class TestIncrementalPredicates(BaseIncrementalPredicates):
    pass
