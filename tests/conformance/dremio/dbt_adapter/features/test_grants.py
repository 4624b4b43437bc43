"""dbt's grants, with the edition of Dremio that has them."""

from dbt.tests.adapter.grants.test_incremental_grants import TestIncrementalGrants
from dbt.tests.adapter.grants.test_invalid_grants import TestInvalidGrants
from dbt.tests.adapter.grants.test_model_grants import TestModelGrants
from dbt.tests.adapter.grants.test_seed_grants import TestSeedGrants
from dbt.tests.adapter.grants.test_snapshot_grants import TestSnapshotGrants

__all__ = [
    "TestIncrementalGrants",
    "TestInvalidGrants",
    "TestModelGrants",
    "TestSeedGrants",
    "TestSnapshotGrants",
]
