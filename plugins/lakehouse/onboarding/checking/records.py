"""Files and APIs against their contracts, by the sample that a profile is made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.onboarding.checking.columns import compare_columns
from lakehouse.onboarding.checking.declared import DeclaredStream
from lakehouse.onboarding.checking.finding import Finding, differs, fits, note
from lakehouse.onboarding.profiling.profile import SourceProfile


def check_records(
    connection: ConnectionFile, found: SourceProfile, streams: Sequence[DeclaredStream], guessed: bool
) -> Iterator[Finding]:
    """What is found of one connection's streams; `guessed`: their types come from a sample."""
    yield fits(connection.short_name, f"it answers; {len(found.tables)} streams were looked at")
    tables = {table.name: table for table in found.tables}
    for each in streams:
        table = tables.get(each.stream.name)
        if table is None:
            if found.kind == "files":
                yield note(each.lake_name, "no file matches its globs now")
                continue
            known = ", ".join(tables) or "none"
            yield differs(
                each.lake_name,
                f"the source has no {each.stream.name}; there are: {known}",
                f"bin/source add {each.connection.business} --drop {each.stream.name}",
            )
            continue
        differing = list(compare_columns(each, table.columns, guessed))
        key = ", ".join(each.contract.key) or "none"
        yield from differing or [
            fits(
                each.lake_name,
                f"{len(each.types)} columns as the contract says, {each.contract.mode}, key {key}",
            )
        ]
