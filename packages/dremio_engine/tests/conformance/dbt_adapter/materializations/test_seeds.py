"""dbt's seeds, and the copies of them that models make."""

from pathlib import Path
from typing import Any

import pytest
from dbt.tests.adapter.empty.test_empty import BaseTestEmptySeedFlag
from dbt.tests.adapter.simple_copy.test_copy_uppercase import BaseSimpleCopyUppercase
from dbt.tests.adapter.simple_copy.test_simple_copy import TestEmptyModelsArentRun, TestSimpleCopyBase
from dbt.tests.adapter.simple_seed import fixtures, test_seed
from dbt.tests.adapter.simple_seed.test_seed import (
    BaseSimpleSeedWithBOM,
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
)
from dbt.tests.adapter.simple_seed.test_seed_type_override import BaseSimpleSeedColumnOverride
from tests.conformance.dbt_adapter import profile
from tests.conformance.target import Target

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
    "TestSimpleSeedEnabledViaConfig",
]


class TestSimpleSeedWithBOM(BaseSimpleSeedWithBOM):
    @pytest.fixture(scope="class")
    def project(self, project_setup: Any, project_files: None) -> Any:
        """The file lies beside the package's own test."""
        project_setup.test_dir = str(Path(test_seed.__file__).parent)
        return project_setup


class TestSimpleCopyUppercase(BaseSimpleCopyUppercase):
    @pytest.fixture(scope="class")
    def dbt_profile_target(self, dremio: Target, unique_schema: str) -> dict[str, Any]:
        return profile.output(dremio, unique_schema)


class TestTestEmptySeedFlag(BaseTestEmptySeedFlag):
    pass


class TestSimpleSeedColumnOverride(BaseSimpleSeedColumnOverride):
    """Dremio's names of the types: one for a column's definition, another for what it shows."""

    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        shown = fixtures.properties__schema_yml.replace("type: text", "type: character varying(65536)")
        return {"schema.yml": shown.replace("type: integer", "type: bigint")}

    @staticmethod
    def seed_enabled_types() -> dict[str, str]:
        return {"seed_id": "varchar", "birthday": "date"}

    @staticmethod
    def seed_tricky_types() -> dict[str, str]:
        return dict.fromkeys(("seed_id_str", "looks_like_a_bool", "looks_like_a_date"), "varchar")
