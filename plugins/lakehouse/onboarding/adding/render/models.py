"""The dbt models of a business: sources.yml, a staging model per table, and those up to gold if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse.onboarding.adding.render import columns as of
from lakehouse.onboarding.adding.render.contracts import grain
from lakehouse.onboarding.adding.render.environment import fill
from lakehouse.onboarding.writing.blueprint import Blueprint, Source, Table

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
        described = {source.lake_name(table): grain(source, table) for source, table in tables}
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
        (
            "intermediate",
            f"int_{lake_name}",
            f"stg_{lake_name}",
            "as staging has it: join what belongs to it here",
        ),
        ("marts", mart, f"int_{lake_name}", f"the candidate for gold.{lake_name}"),
    ):
        path = f"{_MODELS}/{layer}/{business}/{model}"
        yield f"{path}.sql", fill("one_call.sql.j2", macro="same_rows", reads=read, key=key)
        description = f"{one}{', deleted ones included' if of.has_status(table) else ''}: {text}."
        yield f"{path}.yml", _described(model, description, columns)
    path = f"{_MODELS}/gold/{business}/{lake_name}"
    # Where no row is ever marked as deleted, none has to leave gold.
    macro = "published_rows" if of.has_status(table) else "same_rows"
    yield f"{path}.sql", fill("one_call.sql.j2", macro=macro, reads=mart, key=key)
    description = f"{one} at the source. Published from marts.{mart} once its tests have passed."
    yield f"{path}.yml", _described(lake_name, description, of.gold_columns(source, table))


def _described(model: str, description: str, columns: list[of.ModelColumn]) -> str:
    return fill("model.yml.j2", model=model, description=description, columns=columns)


def _one_row(table: Table) -> str:
    return f"One row per {' and '.join(table.key) or 'row'}"


def _of_staging(table: Table, lake_name: str) -> str:
    one = f"{_one_row(table)} of bronze.raw_{lake_name}"
    if table.mode == "full_refresh":
        return f"{one}: the newest list, and as deleted what only older lists have."
    if table.mode == "cdc":
        return f"{one}: the change with the highest LSN. Deleted rows stay, marked."
    return f"{one}: the newest version that landed."
