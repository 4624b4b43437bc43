"""What the owner of a source's tables types there, so that its log has those that are read from it."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.onboarding.profiling.profile import TableProfile
from lakehouse.onboarding.profiling.tables.capture import capture_statements, publish_less, publish_more
from lakehouse.onboarding.writing.blueprint import Blueprint
from lakehouse.onboarding.writing.naming import publication, slot


def statements_at_the_source(
    made: Blueprint, wanted: Blueprint, offered: Sequence[TableProfile]
) -> tuple[str, ...]:
    """The SQL that leads from the tables of the last call to those of this one; empty if none is needed.

    Args:
        made: the business as the last call made it. It has a publication if a table was read from the log.
        wanted: as it is now.
        offered: the source's tables. One that is dropped there has left the publication by itself.
    """
    name, before, now = publication(wanted.business), _read_from_log(made), _read_from_log(wanted)
    if now and not before:
        return capture_statements(name, slot(wanted.business), list(now), any(now.values()))
    more = {table: partitioned for table, partitioned in now.items() if table not in before}
    there = {(table.schema, table.name) for table in offered}
    less = [table for table in before if table not in now and table in there]
    return (
        *(publish_more(name, list(more), any(more.values())) if more else ()),
        *(publish_less(name, less) if now and less else ()),
    )


def _read_from_log(blueprint: Blueprint) -> dict[tuple[str, str], bool]:
    """Schema and name of each table that is read from the log, and whether it has partitions."""
    return {
        (table.schema or "public", table.name): table.partitioned
        for source in blueprint.sources
        for table in source.tables
        if table.mode == "cdc"
    }
