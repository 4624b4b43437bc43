"""dbt's incremental models: keys, predicates, excluded columns, changed columns, microbatch."""

from typing import Any, ClassVar

import pytest
from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import BaseMergeExcludeColumns
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import TestIncrementalOnSchemaChange
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates
from dbt.tests.adapter.incremental.test_incremental_unique_id import BaseIncrementalUniqueKey

__all__ = [
    "TestIncrementalOnSchemaChange",
]


class TestMergeExcludeColumns(BaseMergeExcludeColumns):
    pass


class TestMicrobatch(BaseMicrobatch):
    pass


class Merging:
    """The strategy that has keys and predicates: dbt-dremio's default appends."""

    @pytest.fixture(scope="class")
    def project_config_update(self) -> dict[str, Any]:
        return {"models": {"+incremental_strategy": "merge", "+incremental_predicates": self.predicates}}

    predicates: ClassVar[list[str] | None] = None


class TestIncrementalUniqueKey(Merging, BaseIncrementalUniqueKey):
    pass


class TestIncrementalPredicates(Merging, BaseIncrementalPredicates):
    predicates: ClassVar[list[str] | None] = ["id != 2"]
