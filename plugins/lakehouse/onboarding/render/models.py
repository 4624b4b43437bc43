"""The dbt models of a business: sources.yml, a staging model per table, and the layers up to gold where asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse.onboarding.blueprint import Blueprint, Source, Table
from lakehouse.onboarding.render import columns as of
from lakehouse.onboarding.render.contracts import grain
from lakehouse.onboarding.render.environment import fill

_MODELS = "include/dbt/models"
_MACROS = {"incremental": "stage_versions", "full_refresh": "stage_snapshot", "cdc": "stage_changes"}
_MEASURES = ("decimal", "double")


def mart_name(source: Source, table: Table) -> str:
    """The mart of a table's first gold table: fct_ if it has something to add up, else dim_."""
    key = set(table.key)
    measures = [
        column for column in table.columns if column.type.startswith(_MEASURES) and column.name not in key
    ]
    return f"{'fct' if measures else 'dim'}_{source.lake_name(table)}"


def render_models(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    """Path and text of each file."""
    tables = [(source, table) for source in blueprint.sources for table in source.tables]
    if tables:
        described = {source.lake_name(table): _of_landed_rows(table) for source, table in tables}
        yield (
            f"{_MODELS}/staging/{blueprint.business}/sources.yml",
            fill("sources.yml.j2", business=blueprint.business, tables=described),
        )
    for source, table in tables:
        yield from _staging(blueprint.business, source, table)
    for mart in blueprint.gold:
        found = blueprint.find(mart.partition("_")[2])
        if found:
            yield from _up_to_gold(blueprint.business, mart, *found)


def _staging(business: str, source: Source, table: Table) -> Iterator[tuple[str, str]]:
    lake_name = source.lake_name(table)
    key = of.key_columns(source, table)
    columns = of.model_columns(source, table)
    arguments: dict[str, Any] = {"key": key[0] if len(key) == 1 else key}
    if table.mode == "incremental":
        arguments["cursor"] = of.cursor_column(source, table)
        if table.deleted_at:
            arguments["deleted"] = f'"{table.deleted_at}" is not null'
    path = f"{_MODELS}/staging/{business}/stg_{lake_name}"
    yield (
        f"{path}.sql",
        fill(
            "staging.sql.j2",
            macro=_MACROS[table.mode],
            stream=f"raw_{lake_name}",
            arguments=arguments,
            expressions={column.name: column.expression for column in columns if column.expression},
        ),
    )
    yield f"{path}.yml", _described(f"stg_{lake_name}", _of_staging(table, lake_name), columns)


def _up_to_gold(business: str, mart: str, source: Source, table: Table) -> Iterator[tuple[str, str]]:
    lake_name, key = source.lake_name(table), of.key_column(source, table)
    columns = of.model_columns(source, table)
    one = _one_row(table)
    for layer, model, read, text in (
        ("intermediate", f"int_{lake_name}", f"stg_{lake_name}", "as staging has it: join what belongs to it here"),
        ("marts", mart, f"int_{lake_name}", f"the candidate for gold.{lake_name}"),
    ):
        path = f"{_MODELS}/{layer}/{business}/{model}"
        yield f"{path}.sql", fill("same_rows.sql.j2", reads=read, key=key)
        description = f"{one}{', deleted ones included' if of.has_status(table) else ''}: {text}."
        yield f"{path}.yml", _described(model, description, columns)
    path = f"{_MODELS}/gold/{business}/{lake_name}"
    # A source that marks no row as deleted has no status to ask.
    deleted = "" if of.has_status(table) else "1 = 0"
    yield f"{path}.sql", fill("gold.sql.j2", mart=mart, key=key, deleted=deleted)
    description = f"{one} at the source. Published from marts.{mart} once its tests have passed."
    yield f"{path}.yml", _described(lake_name, description, of.gold_columns(source, table))


def _described(model: str, description: str, columns: list[of.ModelColumn]) -> str:
    return fill("model.yml.j2", model=model, description=description, columns=columns)


def _one_row(table: Table) -> str:
    return f"One row per {' and '.join(table.key)}" if table.key else "One row per row of the source"


def _of_staging(table: Table, lake_name: str) -> str:
    if table.mode == "full_refresh":
        return f"{_one_row(table)} of bronze.raw_{lake_name}: the newest list, and what only older lists have as deleted."
    if table.mode == "cdc":
        return f"{_one_row(table)} of bronze.raw_{lake_name}: the change with the highest LSN; deletions stay, marked."
    return f"{_one_row(table)} of bronze.raw_{lake_name}: the newest version that landed."


def _of_landed_rows(table: Table) -> str:
    return grain(table)
