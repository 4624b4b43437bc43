"""dbt's grants. Only Dremio's Enterprise Edition has them; the users are of this run and go with it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from dbt.tests.adapter.grants.base_grants import TEST_USER_ENV_VARS, BaseGrants
from dbt.tests.adapter.grants.test_incremental_grants import BaseIncrementalGrants
from dbt.tests.adapter.grants.test_invalid_grants import BaseInvalidGrants
from dbt.tests.adapter.grants.test_model_grants import BaseModelGrants
from dbt.tests.adapter.grants.test_seed_grants import BaseSeedGrants
from dbt.tests.adapter.grants.test_snapshot_grants import BaseSnapshotGrants
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client, StatementFailed


@pytest.fixture(scope="module", autouse=True)
def three_users(dremio: Target, client: Client) -> Iterator[None]:
    """Three users whose names the tests read from the environment."""
    names = {variable: f"{dremio.run}_user_{i}" for i, variable in enumerate(TEST_USER_ENV_VARS)}
    try:
        for name in names.values():
            client.sql(f'create user "{name}"')
    except StatementFailed as refusal:
        pytest.skip(f"no users can be made here: {refusal}")
    with pytest.MonkeyPatch.context() as patch:
        for variable, name in names.items():
            patch.setenv(variable, name)
        yield
    for name in names.values():
        client.sql(f'drop user "{name}"')


class DremioGrants(BaseGrants):
    """Dremio's names: views have no INSERT, and a grantee is shown with its kind."""

    def privilege_grantee_name_overrides(self) -> dict[str, str]:
        return {**super().privilege_grantee_name_overrides(), "insert": "alter"}

    def get_grants_on_relation(self, project: Any, relation_name: str) -> dict[str, list[str]]:
        found = super().get_grants_on_relation(project, relation_name)
        return {
            privilege: [name.removeprefix("user:") for name in names] for privilege, names in found.items()
        }


class TestIncrementalGrants(DremioGrants, BaseIncrementalGrants):
    pass


class TestInvalidGrants(DremioGrants, BaseInvalidGrants):
    def grantee_does_not_exist_error(self) -> str:
        real = "DREMIO_URL" in os.environ
        ours = "Grant on catalog entity failed. User invalid_user does not exist."
        return "StatusRuntimeException: INTERNAL" if real else ours

    def privilege_does_not_exist_error(self) -> str:
        real = "DREMIO_URL" in os.environ
        return "Failure parsing the query." if real else 'Encountered "fake_privilege"'


class TestModelGrants(DremioGrants, BaseModelGrants):
    pass


class TestSeedGrants(DremioGrants, BaseSeedGrants):
    def seeds_support_partial_refresh(self) -> bool:
        """dbt-dremio makes a seed's table again each time, and its grants with it."""
        return False


class TestSnapshotGrants(DremioGrants, BaseSnapshotGrants):
    pass
