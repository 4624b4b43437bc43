"""dbt's other commands and settings: show, clone, --empty, --sample, query comments, caching, concurrency."""

from dbt.tests.adapter.caching.test_caching import (
    TestCachingLowerCaseModel,
    TestCachingSelectedSchemaOnly,
    TestCachingUppercaseModel,
    TestNoPopulateCache,
)
from dbt.tests.adapter.concurrency.test_concurrency import TestConcurenncy
from dbt.tests.adapter.dbt_clone.test_dbt_clone import (
    BaseClonePossible,
    BaseCloneSameSourceAndTarget,
    TestCloneSameTargetAndState,
    TestPostgresCloneNotPossible,
)
from dbt.tests.adapter.dbt_debug.test_dbt_debug import TestDebugInvalidProjectPostgres, TestDebugPostgres
from dbt.tests.adapter.dbt_show.test_dbt_show import (
    BaseShowDoesNotHandleDoubleLimit,
    TestPostgresShowLimit,
    TestPostgresShowSqlHeader,
)
from dbt.tests.adapter.empty.test_empty import (
    BaseTestEmpty,
    BaseTestEmptyInlineSourceRef,
    MetadataWithEmptyFlag,
)
from dbt.tests.adapter.query_comment.test_query_comment import (
    TestEmptyQueryComments,
    TestMacroArgsQueryComments,
    TestMacroInvalidQueryComments,
    TestMacroQueryComments,
    TestNullQueryComments,
    TestQueryComments,
)
from dbt.tests.adapter.sample_mode.test_sample_mode import BaseSampleModeTest

__all__ = [
    "TestCachingLowerCaseModel",
    "TestCachingSelectedSchemaOnly",
    "TestCachingUppercaseModel",
    "TestCloneSameTargetAndState",
    "TestConcurenncy",
    "TestDebugInvalidProjectPostgres",
    "TestDebugPostgres",
    "TestEmptyQueryComments",
    "TestMacroArgsQueryComments",
    "TestMacroInvalidQueryComments",
    "TestMacroQueryComments",
    "TestNoPopulateCache",
    "TestNullQueryComments",
    "TestPostgresCloneNotPossible",
    "TestPostgresShowLimit",
    "TestPostgresShowSqlHeader",
    "TestQueryComments",
]


class TestClonePossible(BaseClonePossible):
    pass


class TestCloneSameSourceAndTarget(BaseCloneSameSourceAndTarget):
    pass


class TestTestEmpty(BaseTestEmpty):
    pass


class TestTestEmptyInlineSourceRef(BaseTestEmptyInlineSourceRef):
    pass


class TestMetadataWithEmptyFlag(MetadataWithEmptyFlag):
    pass


class TestSampleModeTest(BaseSampleModeTest):
    pass


class TestShowDoesNotHandleDoubleLimit(BaseShowDoesNotHandleDoubleLimit):
    DATABASE_ERROR_MESSAGE = "PARSE ERROR"
