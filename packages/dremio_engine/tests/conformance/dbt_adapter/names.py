"""dbt's tests name a relation by one schema; Dremio keeps tables in a source and views in a space.

So that the tests run as they are, the names that they write by hand are completed: in the SQL they run, and
in the models, snapshots and sources they write. What dbt-dremio itself makes of a model's name is left alone:
that is tested. The same folder name is used in the source and in the space, as dbt's `schema`.
"""

from __future__ import annotations

import re
from typing import Any

import dbt.tests.fixtures.project as project_fixtures
import dbt.tests.util as dbt_util
from dbt.adapters.dremio.api.parameters import ParametersBuilder
from dbt.adapters.dremio.api.rest.client import DremioRestClient
from dbt.adapters.dremio.api.rest.error import DremioNotFoundException
from tests.conformance.dbt_adapter import postgres

TABLE_SCHEMA = "{{ target.datalake }}.{{ target.schema }}."
PROJECT_FILE_RULES = (
    # Raw names in models and hooks.
    (r"(\{\{ ?target\.database ?\}\}\.)?\{\{ ?(?:target|this)\.schema ?\}\}\.", TABLE_SCHEMA),
    # Sources: all those of the standard tests are tables.
    (
        r"( *)schema: (\"\{\{ (?:target\.schema|var\('test_schema'\)) \}\}\")",
        r'\1schema: \2\n\1database: "{{ target.datalake }}"',
    ),
    # Snapshots are tables.
    (r"target_database ?= ?database", "target_database=target.datalake"),
    (r"config\(target_schema=schema", "config(target_database=target.datalake, target_schema=schema"),
    (r"adapter\.Relation\.create\(this\.database", "adapter.Relation.create(target.datalake"),
)


def complete_file(text: str) -> str:
    """A file of a dbt project with its raw names completed."""
    for pattern, replacement in PROJECT_FILE_RULES:
        text = re.sub(pattern, replacement, text)
    return postgres.in_dremios_words(text)


def complete_files(files: Any) -> Any:
    """A folder or the settings of a dbt project, as the fixtures give them, with raw names completed."""
    if isinstance(files, dict):
        return {name: complete_files(content) for name, content in files.items()}
    if isinstance(files, list):
        return [complete_files(each) for each in files]
    return complete_file(files) if isinstance(files, str) else files


def relation_from_name(adapter: Any, name: str) -> Any:
    """The relation of the tests' schema: a view if the space has one of that name, else a table."""
    credentials = adapter.config.credentials
    *schema, identifier = name.split(".")[-2:]
    folder = schema[0] if schema else credentials.schema
    view = _exists(credentials, credentials.database, folder, identifier)
    return adapter.Relation.create(
        database=credentials.database if view else credentials.datalake,
        schema=folder,
        identifier=identifier,
        type="view" if view else "table",
    )


def run_sql_with_adapter(adapter: Any, sql: str, fetch: str | None = None) -> Any:
    """Run a test's own SQL, its names completed; gives what the last statement fetched."""
    credentials = adapter.config.credentials
    sql = sql.replace("{database}", credentials.database).replace("{schema}", credentials.schema)
    found = None
    for statement in postgres.statements(postgres.in_dremios_words(sql)):
        if schema := postgres.dropped_schema(statement):
            _drop_all(adapter, schema)
            continue
        with dbt_util.get_connection(adapter) as connection:
            found = adapter.run_sql_for_tests(_complete_sql(adapter, statement), fetch, connection)
    return found


def _complete_sql(adapter: Any, sql: str) -> str:
    credentials = adapter.config.credentials
    own_name = rf"(?:\"?{credentials.database}\"?\.)?\"?({credentials.schema}\w*)\"?\.\"?(\w+)\"?"

    def completed(name: re.Match[str]) -> str:
        return str(relation_from_name(adapter, ".".join(name.groups())))

    # A column of that table, written with its schema, is not a name of a relation.
    return re.sub(rf"(?<![\w.\"']){own_name}", completed, sql)


def _drop_all(adapter: Any, schema: str) -> None:
    """What DROP SCHEMA .. CASCADE does: every table and view of that name goes."""
    for name, kind in _relations(adapter, schema).items():
        run_sql_with_adapter(adapter, f"drop {kind} if exists {schema}.{name}")


def _relations(adapter: Any, schema: str) -> dict[str, str]:
    credentials = adapter.config.credentials
    places = [f"'{place}.{schema}'" for place in (credentials.datalake, credentials.database)]
    rows = run_sql_with_adapter(
        adapter,
        "select table_name, case when table_type = 'VIEW' then 'view' else 'table' end as kind"
        f' from information_schema."tables" where table_schema in ({", ".join(places)})',
        fetch="all",
    )
    return {row[0]: row[1] for row in rows}


def tables_in_schema(project: Any) -> dict[str, str]:
    """Relations of the test's schema in both places, with `table` or `view`."""
    return _relations(project.adapter, project.test_schema)


def _exists(credentials: Any, *path: str) -> bool:
    try:
        _client(credentials).get_catalog_item(catalog_id=None, catalog_path=list(path))
    except DremioNotFoundException:
        return False
    return True


_CLIENTS: dict[tuple[str, int], DremioRestClient] = {}


def _client(credentials: Any) -> DremioRestClient:
    """One logged-in client per address; dbt-dremio's own, so that its TLS settings hold."""
    address = credentials.software_host, credentials.port
    if address not in _CLIENTS:
        _CLIENTS[address] = DremioRestClient(ParametersBuilder.build(credentials).get_parameters())
        _CLIENTS[address].start()
    return _CLIENTS[address]


def install() -> None:
    """Replace dbt's helpers; before the standard tests are imported, since they import them by name."""
    dbt_util.relation_from_name = relation_from_name
    dbt_util.run_sql_with_adapter = run_sql_with_adapter
    project_fixtures.run_sql_with_adapter = run_sql_with_adapter
    project_fixtures.TestProjInfo.get_tables_in_schema = tables_in_schema
    write_file = dbt_util.write_file
    dbt_util.write_file = lambda contents, *paths: write_file(complete_file(contents), *paths)
