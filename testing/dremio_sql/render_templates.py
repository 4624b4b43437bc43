"""Prints the SQL that dbt and the library make of the project's templates, as JSON: [[file, SQL], ..].

    .local/envs/dbt/bin/python testing/dremio_sql/render_templates.py <the repository>

Runs in dbt's environment and connects to nothing: dbt is told once that no table exists, and once that each
does, with the columns of its .yml; so both branches of `is_incremental()` are rendered.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_COLUMNS = ['"id"', '"amount"', '"deleted"']
_STREAM = {"columns": _COLUMNS, "key": ['"id"'], "raw_view": '"bronze"."raw_orders"'}
_TABLE = {"table": '"lake_hot"."orders_1"'}
_HOT = {
    **_TABLE,
    "stream": "orders",
    "incoming": '"lake_hot"."orders_1_incoming"',
    "truncations": '"lake_hot"."truncations"',
    "key": ['"id"'],
    "values": ['"amount"'],
    "types": {'"id"': "bigint", '"amount"': "decimal(12, 2)"},
    "gold": '"gold"."orders"',
    "batch_id": 1,
}
_PRUNED = {**_HOT, "cutoff": "2025-10-16 00:00:00", "business_date": "2025-10-16", "source_lsn": 1}
_COMPARED = {
    "stream_orders": '"lake_bronze"."stream"."orders"',
    "night_orders": '"bronze"."raw_orders"',
    "night_customers": '"bronze"."raw_customers"',
    "serving_orders": '"serving"."orders"',
    "serving_revenue": '"serving"."daily_revenue"',
    "edge_date": "2025-10-16",
    "edge_lsn": 1,
    "unpublished": ["2025-10-14"],
    "from_day": "2025-10-09",
    "most": 50,
    "compared": "select * from compared",
}
_SERVED = {"hot": '"hot"."orders"', "edge": '"hot"."edge"', "truncations": '"hot"."truncations"'}
TEMPLATES: dict[str, dict[str, Any] | list[dict[str, Any]]] = {
    "audited_jobs.sql": {"ended_after": 1795944579519, "most": 1000},
    "count_partition.sql": {
        "views": [("orders", '"bronze"."raw_orders"'), ("customers", '"bronze"."raw_customers"')],
        "date": "2025-10-16",
    },
    "count_snapshots.sql": {"table": "gold.orders", "cutoff": "2025-10-16 00:00:00"},
    "create_view.sql": {"view": '"bronze"."orders"', "query": "select 1 as a"},
    "empty_lists.sql": [{"lists": [("menu", "2025-10-15"), ("rooms", "2025-10-16")]}, {"lists": []}],
    "empty_stream.sql": {"types": {'"id"': "bigint", '"amount"': "decimal(12, 2)"}},
    "expire_snapshots.sql": {
        "table": '"gold"."orders"',
        "cutoff": "2025-10-16 00:00:00",
        "keep_newest": 5,
    },
    "find_ended_job.sql": {"head": "a", "tail": "b"},
    "find_running_job.sql": {"head": "a", "tail": "b"},
    "newest_changes.sql": {**_STREAM, "lsn": '"lsn"', "deleted_at": '"deleted"'},
    "newest_versions.sql": {**_STREAM, "cursor": '"updated_at"'},
    "raw_stream.sql": {"columns": _COLUMNS, "dataset": '"lake_bronze"."postgres"."orders"'},
    "recent_jobs.sql": {"ended_after": 1760572800000, "most": 2000},
    "recent_refreshes.sql": {},
    "refresh_metadata.sql": {"dataset": '"lake_bronze"."postgres"."orders"'},
    "stream/copy_batch.sql": {
        "incoming": '"lake_hot"."orders_1_incoming"',
        "location": "@lake_bronze/stream/orders/date=2025-10-16",
        "files": ["batch-000000000001.parquet", "batch-000000000002.parquet"],
    },
    "stream/count_files.sql": {"table": "lake_hot.orders_1"},
    "stream/create_edge.sql": _TABLE,
    "stream/create_hot_table.sql": {
        **_TABLE,
        "columns": [{"name": "id", "type": "bigint"}, {"name": "amount", "type": "decimal(12, 2)"}],
    },
    "stream/create_truncations.sql": _TABLE,
    "stream/drop_table.sql": _TABLE,
    "stream/empty_table.sql": _TABLE,
    "stream/hot_tables.sql": {"source": "lake_hot", "stream": "orders"},
    "stream/insert_truncations.sql": _HOT,
    "stream/merge_batch.sql": [
        {**_HOT, "truncated": truncated, "rebuilding": rebuilding}
        for truncated, rebuilding in ((False, False), (True, False), (True, True))
    ],
    "stream/move_edge.sql": {**_TABLE, "business_date": "2025-10-16", "source_lsn": 1},
    "stream/optimize_table.sql": _TABLE,
    "stream/prune_hot.sql": [
        {**_PRUNED, "business_date_column": "order_date"},
        {**_PRUNED, "business_date_column": None, "gold": None},
    ],
    "stream/seam_audit.sql": _COMPARED,
    "stream/seam_compared.sql": [{**_COMPARED, "from_day": day} for day in ("2025-10-09", None)],
    "stream/seam_days.sql": _COMPARED,
    "stream/seam_orders.sql": _COMPARED,
    "stream/seam_revenue.sql": _COMPARED,
    "stream/select_hot_tracers.sql": {"tracer_ids": "1, 2"},
    "stream/serving_daily_revenue.sql": {"orders": '"serving"."orders"'},
    "stream/serving_orders.sql": [{**_SERVED, "gold": gold} for gold in ('"gold"."orders"', None)],
    "stream/serving_stream_tracer.sql": {"hot": '"hot"."stream_tracer"'},
}
"""Values for every template of include/sql/dremio; a list of them for one that has several forms."""
MACROS = {
    "macros/dbt_dremio/merge.sql": (
        "{{ dremio__get_incremental_merge_sql('gold.t', 'gold.t__dbt_tmp', ['id'],"
        " [{'name': 'id'}, {'name': 'Year'}, {'name': 'amount'}]) }}"
    ),
}
"""A call of every macro that makes a statement of its own; the others are parts of models."""


def main(root: Path) -> None:
    found = [
        *_own_templates(root / "include" / "sql" / "dremio", root),
        *_dbt(root / "include" / "dbt", root),
    ]
    json.dump(found, sys.stdout)


def _own_templates(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    environment = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=False)
    for file in sorted(folder.rglob("*.sql")):
        name = file.relative_to(folder).as_posix()
        if name not in TEMPLATES:
            sys.exit(f"{file.relative_to(root)}: testing/dremio_sql/render_templates.py has no values for it")
        given = TEMPLATES[name]
        for values in given if isinstance(given, list) else [given]:
            yield str(file.relative_to(root)), environment.get_template(name).render(values)


def _dbt(project: Path, root: Path) -> Iterator[tuple[str, str]]:
    """What is rendered without tables, then with them; a text is named once."""
    from dbt.adapters.dremio.impl import DremioAdapter

    manifest = _run(project, ["parse"])
    columns = {node.alias.lower(): list(node.columns) for node in manifest.nodes.values()}

    def columns_of(adapter: Any, relation: Any) -> list[Any]:
        return [adapter.Column(name, "varchar") for name in columns.get(relation.identifier.lower(), ())]

    def held(adapter: Any, database: str, schema: str, identifier: str) -> Any:
        return adapter.Relation.create(database=database, schema=schema, identifier=identifier, type="table")

    DremioAdapter.get_columns_in_relation = columns_of
    seen = set()
    for get_relation in (lambda *_: None, held):
        DremioAdapter.get_relation = get_relation
        for result in _run(project, ["compile"], manifest).results:
            statement = (result.node.original_file_path, result.node.compiled_code)
            if statement not in seen:
                seen.add(statement)
                yield str((project / statement[0]).relative_to(root)), statement[1]
    for file, call in MACROS.items():
        (result,) = _run(project, ["compile", "--inline", call], manifest).results
        yield str((project / file).relative_to(root)), result.node.compiled_code


def _run(project: Path, command: list[str], manifest: Any = None) -> Any:
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as scratch:
        options = ["--quiet", "--no-send-anonymous-usage-stats", "--log-level-file", "none"]
        for option in ("--project-dir", "--profiles-dir"):
            options += [option, str(project)]
        for option in ("--target-path", "--log-path"):
            options += [option, scratch]
        if command[0] == "compile":
            options += ["--no-introspect", "--no-populate-cache"]
        # dbt prints what it compiles --inline.
        with contextlib.redirect_stdout(io.StringIO()):
            done = dbtRunner(manifest=manifest).invoke([*command, *options])
    if not done.success:
        sys.exit(
            f"dbt {command[0]}: {done.exception or [r.message for r in done.result.results if r.message]}"
        )
    return done.result


if __name__ == "__main__":
    os.environ["LAKEHOUSE_BUSINESS_DATE"] = "2025-10-16"
    main(Path(sys.argv[1]))
