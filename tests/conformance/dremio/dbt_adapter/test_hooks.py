"""dbt's hooks of models and runs."""

from dbt.tests.adapter.hooks.test_model_hooks import (
    TestDuplicateHooksInConfigs,
    TestHookRefs,
    TestHooksRefsOnSeeds,
    TestPrePostModelHooks,
    TestPrePostModelHooksInConfig,
    TestPrePostModelHooksInConfigKwargs,
    TestPrePostModelHooksInConfigWithCount,
    TestPrePostModelHooksOnSeeds,
    TestPrePostModelHooksOnSeedsPlusPrefixed,
    TestPrePostModelHooksOnSeedsPlusPrefixedWhitespace,
    TestPrePostModelHooksOnSnapshots,
    TestPrePostModelHooksUnderscores,
    TestPrePostSnapshotHooksInConfigKwargs,
)
from dbt.tests.adapter.hooks.test_run_hooks import TestAfterRunHooks, TestPrePostRunHooks

__all__ = [
    "TestAfterRunHooks",
    "TestDuplicateHooksInConfigs",
    "TestHookRefs",
    "TestHooksRefsOnSeeds",
    "TestPrePostModelHooks",
    "TestPrePostModelHooksInConfig",
    "TestPrePostModelHooksInConfigKwargs",
    "TestPrePostModelHooksInConfigWithCount",
    "TestPrePostModelHooksOnSeeds",
    "TestPrePostModelHooksOnSeedsPlusPrefixed",
    "TestPrePostModelHooksOnSeedsPlusPrefixedWhitespace",
    "TestPrePostModelHooksOnSnapshots",
    "TestPrePostModelHooksUnderscores",
    "TestPrePostRunHooks",
    "TestPrePostSnapshotHooksInConfigKwargs",
]
