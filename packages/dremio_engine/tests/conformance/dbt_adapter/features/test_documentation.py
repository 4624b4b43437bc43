"""dbt docs, the catalog it reads, and descriptions kept as wikis."""

from typing import Any

import pytest
from dbt.tests.adapter.basic import expected_catalog as catalogs
from dbt.tests.adapter.basic.test_docs_generate import BaseDocsGenerate, BaseDocsGenReferences
from dbt.tests.adapter.catalog import files
from dbt.tests.adapter.catalog.relation_types import CatalogRelationTypes
from dbt.tests.adapter.persist_docs.test_persist_docs import (
    TestPersistDocs,
    TestPersistDocsAllColumnsMissing,
    TestPersistDocsColumnMissing,
    TestPersistDocsCommentOnQuotedColumn,
    TestPersistDocsQuotedColumnCaseSensitive,
    TestPersistDocsQuotedDescriptionNotAppliedOnMismatch,
)

__all__ = [
    "TestPersistDocs",
    "TestPersistDocsAllColumnsMissing",
    "TestPersistDocsColumnMissing",
    "TestPersistDocsCommentOnQuotedColumn",
    "TestPersistDocsQuotedColumnCaseSensitive",
    "TestPersistDocsQuotedDescriptionNotAppliedOnMismatch",
]

# Dremio's names of types; no owner and no statistics are in its information schema.
TYPES = {
    "role": None,
    "id_type": "bigint",
    "text_type": "character varying",
    "time_type": "timestamp",
    "view_type": "view",
    "table_type": "table",
    "model_stats": catalogs.no_stats(),
}


def placed(catalog: dict[str, Any], project: Any) -> dict[str, Any]:
    """A catalog as the tests expect it, its tables in the source instead of the space."""
    source = project.adapter.config.credentials.datalake
    for node in [*catalog["nodes"].values(), *catalog["sources"].values()]:
        if node["metadata"]["type"] == "table":
            node["metadata"]["database"] = source
    return catalog


class TestDocsGenerate(BaseDocsGenerate):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any) -> dict[str, Any]:
        catalog = placed(catalogs.base_expected_catalog(project, **TYPES), project)
        # dbt-dremio puts a custom schema into a folder below the target's.
        catalog["nodes"]["model.test.second_model"]["metadata"]["schema"] = f"{project.test_schema}.test"
        return catalog


class TestDocsGenReferences(BaseDocsGenReferences):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any) -> dict[str, Any]:
        return placed(catalogs.expected_references_catalog(project, bigint_type="bigint", **TYPES), project)


class TestCatalogRelationTypes(CatalogRelationTypes):
    @pytest.fixture(scope="class", autouse=True)
    def models(self) -> dict[str, str]:
        return {"my_table.sql": files.MY_TABLE, "my_view.sql": files.MY_VIEW}

    @pytest.mark.parametrize(
        ("node_name", "relation_type"),
        [("seed.test.my_seed", "table"), ("model.test.my_table", "table"), ("model.test.my_view", "view")],
    )
    def test_relation_types_populate_correctly(self, docs: Any, node_name: str, relation_type: str) -> None:
        super().test_relation_types_populate_correctly(docs, node_name, relation_type)
