"""dbt's hooks of models and runs.

The tables that the hooks write to are in data/; what they must hold is Dremio's target, not PostgreSQL's.
"""

from typing import Any

from dbt.tests.adapter.hooks.test_model_hooks import (
    BaseTestPrePost,
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
from dbt.tests.adapter.hooks.test_run_hooks import (
    BasePrePostRunHooks,
    TestAfterRunHooks,
    TestPrePostRunHooks,
)

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


def check_hooks(self: Any, state: str, project: Any, host: str | None, count: int = 1) -> None:
    """Each row that a hook wrote tells the target it ran on, the run and the thread."""
    runs = isinstance(self, BasePrePostRunHooks)
    rows = [self.get_ctx_vars(state, project)] if runs else self.get_ctx_vars(state, count, project)
    for row in rows:
        assert row["test_state"] == state
        assert row["target_name"] == "default"
        assert row["target_schema"] == project.test_schema
        assert row["target_type"] == "dremio"
        assert row["target_threads"] == 4
        assert row["run_started_at"]
        assert row["invocation_id"]
        # dbt-dremio's target has neither: no password may show.
        assert not row["target_dbname"]
        assert not row["target_pass"]


BaseTestPrePost.check_hooks = check_hooks
BasePrePostRunHooks.check_hooks = check_hooks
