"""dbt docs, the catalogue it reads, and descriptions kept as wikis."""

from dbt.tests.adapter.basic.test_docs_generate import TestDocsGenerate, TestDocsGenReferences
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
    "TestDocsGenReferences",
    "TestDocsGenerate",
    "TestPersistDocs",
    "TestPersistDocsAllColumnsMissing",
    "TestPersistDocsColumnMissing",
    "TestPersistDocsCommentOnQuotedColumn",
    "TestPersistDocsQuotedColumnCaseSensitive",
    "TestPersistDocsQuotedDescriptionNotAppliedOnMismatch",
]


class TestCatalogRelationTypes(CatalogRelationTypes):
    pass
