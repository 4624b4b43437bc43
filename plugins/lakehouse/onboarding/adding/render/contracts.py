"""The contracts of a business: include/contracts/<lake name>.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lakehouse.onboarding.adding.render.environment import fill
from lakehouse.onboarding.writing.blueprint import Blueprint, Column, Source, Table
from lakehouse.onboarding.writing.naming import folder


def render_contracts(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    """Path and text of each contract."""
    for source in blueprint.sources:
        for table in source.tables:
            lake_name = source.lake_name(table)
            is_cdc = table.mode == "cdc"
            yield (
                f"include/contracts/{lake_name}.yaml",
                fill(
                    "contract.yaml.j2",
                    stream=lake_name,
                    source=folder(blueprint.business, source, table),
                    grain=grain(source, table),
                    mode=table.mode,
                    key=list(table.key),
                    cursor=table.cursor if table.mode == "incremental" else None,
                    # A table can be empty; that no file or answer of an API has a row is more likely a fault.
                    zero_rows="refuse"
                    if table.mode == "full_refresh" and source.kind != "postgres"
                    else "allow",
                    max_rows=0 if is_cdc else 100,
                    max_share=0 if is_cdc else 0.001,
                    columns={column.name: _rules(source, table, column) for column in table.columns},
                ),
            )


def grain(source: Source, table: Table) -> str:
    """What one row of the bronze partition is."""
    key = " and ".join(table.key)
    if table.mode == "full_refresh":
        one = f"One row per {key or 'row of the source, which has no key'}"
        return f"{one}; every date holds the whole list."
    if table.mode == "cdc":
        return (
            f"One row per {key} that changed since the last sync; a deletion has only its key and its time."
        )
    if source.kind == "files":
        return f"One row per {key} in a file that is new or has changed since the last sync."
    return f"One row per {key} that changed since the last sync."


def _rules(source: Source, table: Table, column: Column) -> dict[str, Any]:
    rules: dict[str, Any] = {"type": column.type}
    decides = column.name in (*table.key, table.cursor)
    if decides or (column.required and not column.gone and not column.renamed_to):
        rules["required"] = True
    if column.one_of:
        rules["one_of"] = list(column.one_of)
    if note := _note(column):
        rules["description"] = note
    return rules


def _note(column: Column) -> str:
    if column.renamed_to:
        return f"The source calls it {column.renamed_to} since."
    if column.gone:
        return "The source has dropped it."
    return column.note
