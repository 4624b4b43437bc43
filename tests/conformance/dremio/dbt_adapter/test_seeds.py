"""dbt's seeds."""

from dbt.tests.adapter.empty.test_empty import BaseTestEmptySeedFlag
from dbt.tests.adapter.simple_copy.test_copy_uppercase import TestSimpleCopyUppercase
from dbt.tests.adapter.simple_copy.test_simple_copy import TestEmptyModelsArentRun, TestSimpleCopyBase
from dbt.tests.adapter.simple_seed.test_seed import (
    TestBasicSeedTests,
    TestEmptySeed,
    TestSeedConfigFullRefreshOff,
    TestSeedConfigFullRefreshOn,
    TestSeedCustomSchema,
    TestSeedParsing,
    TestSeedSpecificFormats,
    TestSeedWithEmptyDelimiter,
    TestSeedWithUniqueDelimiter,
    TestSeedWithWrongDelimiter,
    TestSimpleSeedEnabledViaConfig,
    TestSimpleSeedWithBOM,
)
from dbt.tests.adapter.simple_seed.test_seed_type_override import TestSimpleSeedColumnOverride

__all__ = [
    "TestBasicSeedTests",
    "TestEmptyModelsArentRun",
    "TestEmptySeed",
    "TestSeedConfigFullRefreshOff",
    "TestSeedConfigFullRefreshOn",
    "TestSeedCustomSchema",
    "TestSeedParsing",
    "TestSeedSpecificFormats",
    "TestSeedWithEmptyDelimiter",
    "TestSeedWithUniqueDelimiter",
    "TestSeedWithWrongDelimiter",
    "TestSimpleCopyBase",
    "TestSimpleCopyUppercase",
    "TestSimpleSeedColumnOverride",
    "TestSimpleSeedEnabledViaConfig",
    "TestSimpleSeedWithBOM",
]


class TestTestEmptySeedFlag(BaseTestEmptySeedFlag):
    pass
