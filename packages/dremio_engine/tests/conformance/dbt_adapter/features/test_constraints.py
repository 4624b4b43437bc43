"""dbt's contracts and constraints. Dremio takes NOT NULL in CREATE TABLE and enforces nothing else."""

from typing import Any

import pytest
from dbt.tests.adapter.constraints.test_constraints import (
    BaseConstraintQuotedColumn,
    BaseConstraintsRuntimeDdlEnforcement,
    BaseIncrementalConstraintsColumnsEqual,
    BaseIncrementalConstraintsRuntimeDdlEnforcement,
    BaseModelConstraintsRuntimeEnforcement,
    BaseTableConstraintsColumnsEqual,
    BaseViewConstraintsColumnsEqual,
    TestIncrementalConstraintsRollback,
    TestIncrementalContractSqlHeader,
    TestIncrementalForeignKeyConstraint,
    TestTableConstraintsRollback,
    TestTableContractSqlHeader,
)

__all__ = [
    "TestIncrementalConstraintsRollback",
    "TestIncrementalContractSqlHeader",
    "TestIncrementalForeignKeyConstraint",
    "TestTableConstraintsRollback",
    "TestTableContractSqlHeader",
]

DDL = (
    "create table <model_identifier> ( id integer not null, {columns} ) as ( select {selected} from ("
    " {depends}select 'blue' as {blue}, 1 as id, '2019-01-01' as date_day ) as model_subq )"
)
FOREIGN = "-- depends_on: <foreign_key_model_identifier> "


class DremioTypes:
    """Dremio's types: (value, type of the contract, type as dbt names it in its error)."""

    @pytest.fixture
    def string_type(self) -> str:
        return "VARCHAR"

    @pytest.fixture
    def int_type(self) -> str:
        return "INTEGER"

    @pytest.fixture
    def data_types(self, schema_int_type: str, int_type: str, string_type: str) -> list[list[str]]:
        return [
            ["1", schema_int_type, int_type],
            ["'1'", string_type, string_type],
            ["cast('2019-01-01' as date)", "date", "DATE"],
            ["true", "boolean", "BOOLEAN"],
            ["cast('2013-11-03 00:00:00' as timestamp)", "timestamp", "TIMESTAMP"],
            ["cast('1' as decimal)", "decimal", "DECIMAL"],
        ]


class DremioDdl:
    """What dbt-dremio writes for the model of the tests: NOT NULL stays, what Dremio has not goes."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> Any:
        columns = "color varchar, date_day varchar"
        return DDL.format(columns=columns, selected="id, color, date_day", depends=FOREIGN, blue="color")


class TestTableConstraintsColumnsEqual(DremioTypes, BaseTableConstraintsColumnsEqual):
    pass


class TestViewConstraintsColumnsEqual(DremioTypes, BaseViewConstraintsColumnsEqual):
    pass


class TestIncrementalConstraintsColumnsEqual(DremioTypes, BaseIncrementalConstraintsColumnsEqual):
    pass


class TestTableConstraintsRuntimeDdlEnforcement(DremioDdl, BaseConstraintsRuntimeDdlEnforcement):
    pass


class TestIncrementalConstraintsRuntimeDdlEnforcement(
    DremioDdl, BaseIncrementalConstraintsRuntimeDdlEnforcement
):
    pass


class TestModelConstraintsRuntimeEnforcement(DremioDdl, BaseModelConstraintsRuntimeEnforcement):
    pass


class TestConstraintQuotedColumn(BaseConstraintQuotedColumn):
    @pytest.fixture(scope="class")
    def expected_sql(self) -> Any:
        columns = '"from" varchar not null, date_day varchar'
        return DDL.format(columns=columns, selected='id, "from", date_day', depends="", blue='"from"')
