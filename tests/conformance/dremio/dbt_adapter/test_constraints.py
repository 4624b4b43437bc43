"""dbt's contracts and constraints."""

from dbt.tests.adapter.constraints.test_constraints import (
    TestConstraintQuotedColumn,
    TestIncrementalConstraintsColumnsEqual,
    TestIncrementalConstraintsRollback,
    TestIncrementalConstraintsRuntimeDdlEnforcement,
    TestIncrementalContractSqlHeader,
    TestIncrementalForeignKeyConstraint,
    TestModelConstraintsRuntimeEnforcement,
    TestTableConstraintsColumnsEqual,
    TestTableConstraintsRollback,
    TestTableConstraintsRuntimeDdlEnforcement,
    TestTableContractSqlHeader,
    TestViewConstraintsColumnsEqual,
)

__all__ = [
    "TestConstraintQuotedColumn",
    "TestIncrementalConstraintsColumnsEqual",
    "TestIncrementalConstraintsRollback",
    "TestIncrementalConstraintsRuntimeDdlEnforcement",
    "TestIncrementalContractSqlHeader",
    "TestIncrementalForeignKeyConstraint",
    "TestModelConstraintsRuntimeEnforcement",
    "TestTableConstraintsColumnsEqual",
    "TestTableConstraintsRollback",
    "TestTableConstraintsRuntimeDdlEnforcement",
    "TestTableContractSqlHeader",
    "TestViewConstraintsColumnsEqual",
]
