"""Dropped files as a source: one stream per kind of file, its columns and key guessed from what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

import pyarrow as pa

from lakehouse.onboarding.profiling.drops import UTF_8, Drops, Sample, file_type
from lakehouse.onboarding.profiling.names import alike, as_landed, column_problem, suggested, table_problem
from lakehouse.onboarding.profiling.profile import ColumnProfile, FilesProfile, SourceProfile, TableProfile
from lakehouse.onboarding.profiling.samples import guessed_columns, guessed_key
from lakehouse.onboarding.profiling.sftp import fetched
from lakehouse.platform.connections import Connection

CURSOR: Final = "_ab_source_file_last_modified"
"""What Airbyte adds to each row of a file; it reads the files that are new or have changed."""
IN_THE_FILES: Final = "let the files call it"
SAMPLED_FILES: Final = 20
"""Of each stream, the newest ones."""
_CHANGING: Final = re.compile(r"[0-9]+([-_.]?[0-9]+)*")
"""The part of a name that is another one in every file: a date, a number."""
_DECIMAL_DIGITS: Final = 38


def profile_files(pattern: str) -> SourceProfile:
    """What is dropped at a place such as `/srv/drops/*.csv` or `s3://bucket/out/**/*.parquet`.

    Credentials of a bucket come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
    AWS_ENDPOINT_URL.

    Raises:
        ProfileError: nothing matches, or a file cannot be read.
    """
    return _profiled(Drops.of_pattern(pattern))


def profile_place(where: Connection, glob: str) -> SourceProfile:
    """What is dropped at the place of an Airflow connection; `glob` is relative to it.

    Raises:
        ProfileError: as `profile_files`, or the connection names no place that can be looked at.
    """
    return _profiled(Drops.of_connection(where, glob))


def _profiled(drops: Drops) -> SourceProfile:
    streams = [
        _profile(
            drops, _name(glob), (glob,), [drops.sample(name) for name in names[:SAMPLED_FILES]], len(names)
        )
        for glob, names in _groups(drops).items()
    ]
    return SourceProfile("files", tuple(sorted(streams, key=lambda stream: stream.name)))


def profile_declared(where: Connection, streams: Sequence[Mapping[str, Any]]) -> SourceProfile:
    """The streams that a connection's file declares, as their files are now; without those that have none.

    Args:
        where: the Airflow connection of the files: a folder, a bucket, or an SFTP server.
        streams: `configuration.streams` of the connection's file.

    Raises:
        ProfileError: the place or a file cannot be read.
    """
    if where.host and not where.extra.get("bucket"):
        globs = [glob for stream in streams for glob in stream["globs"]]
        with fetched(where, globs) as folder:
            return _declared(Connection(extra={"path": str(folder)}), streams)
    return _declared(where, streams)


def _declared(where: Connection, streams: Sequence[Mapping[str, Any]]) -> SourceProfile:
    found = []
    for stream in streams:
        globs = tuple(stream["globs"])
        places = [Drops.of_connection(where, glob) for glob in globs]
        named = [(place, name) for place in places for name in place.matching()]
        samples = [place.sample(name) for place, name in named[:SAMPLED_FILES]]
        if samples:
            found.append(_profile(places[0], str(stream["name"]), globs, samples, len(named)))
    return SourceProfile("files", tuple(found))


def _groups(drops: Drops) -> dict[str, list[str]]:
    """The files of each stream, by the glob that covers them.

    A pattern with a word of its own is one stream (`batch_*.csv`); else files whose names differ in a date
    or a number are (`*.csv`: `sales_*.csv`, `stores.csv`).
    """
    names = drops.names()
    last = drops.glob.rpartition("/")[2]
    if re.search(r"[A-Za-z]", PurePosixPath(last).name.partition(".")[0]):
        return {drops.glob: names}
    groups: dict[str, list[str]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        stem, dot, ending = file.partition(".")
        changing = _CHANGING.sub("*", stem)
        glob = f"{changing}{dot}{_CHANGING.sub('*', ending)}"
        groups.setdefault(f"{folder}/{glob}" if folder else glob, []).append(name)
    return groups


def _profile(
    drops: Drops, name: str, globs: tuple[str, ...], samples: Sequence[Sample], count: int
) -> TableProfile:
    # Oldest first, so that the columns stand in the order of the first files.
    ordered = list(reversed(samples))
    records = [record for sample in ordered for record in sample.records]
    columns = _columns(ordered, records)
    key = guessed_key(columns, records)
    is_whole = count <= SAMPLED_FILES and all(sample.is_whole for sample in samples)
    looked_at = f"the {len(records)} rows looked at"
    if key:
        why = f"every new or changed file is read; {', '.join(key)} tells {looked_at} apart (a guess)"
    else:
        why = f"no columns tell {looked_at} apart, so all files are read every night"
    encoding = dict(samples[0].form).get("encoding", UTF_8)
    if encoding != UTF_8:
        why += f"; their text is read as {encoding} (a guess)"
    profile = TableProfile(
        name=name,
        columns=columns,
        key=key,
        cursor=CURSOR if key else None,
        rows=len(records) if is_whole else None,
        mode="incremental" if key else "full_refresh",
        why=why,
        files=FilesProfile(
            globs=globs,
            format=samples[0].form,
            folder=drops.folder,
            examples=tuple(sample.name for sample in samples[:3]),
        ),
        problems=tuple(_problems(name, columns, samples)),
    )
    return as_landed(profile)


def _name(glob: str) -> str:
    """`batch` of `2025/batch_*.csv`."""
    words = re.sub(r"[^A-Za-z0-9]+", " ", glob.rpartition("/")[2].partition(".")[0]).strip()
    return suggested(words) if words else "files"


def _columns(samples: Sequence[Sample], records: Sequence[dict[str, object]]) -> tuple[ColumnProfile, ...]:
    if not samples[-1].types:
        return guessed_columns(records, IN_THE_FILES)
    kinds: dict[str, list[pa.DataType]] = {}
    for sample in samples:
        for name, kind in zip(sample.columns, sample.types, strict=True):
            kinds.setdefault(name, []).append(kind)
    # A column that some file lacks is null there.
    everywhere = set.intersection(*(set(sample.columns) for sample in samples))
    nulls = {name for record in records for name, value in record.items() if value is None}
    return tuple(
        _of_parquet(name, found, name in nulls or name not in everywhere) for name, found in kinds.items()
    )


def _of_parquet(name: str, kinds: Sequence[pa.DataType], nullable: bool) -> ColumnProfile:
    """A column by the types that it has in the files."""
    found = [parquet_type(kind) for kind in kinds]
    together = _together([contract_type for contract_type, _ in found])
    shown = " and ".join(dict.fromkeys(str(kind) for kind in kinds))
    return ColumnProfile(
        name=name,
        contract_type=together or "varchar",
        nullable=nullable,
        source_type=shown,
        unsupported=column_problem(name, IN_THE_FILES) or next((why for _, why in found if why), ""),
        note=_note(kinds) if together else "as text: the files have several types",
    )


def _note(kinds: Sequence[pa.DataType]) -> str:
    return "as JSON text" if any(pa.types.is_nested(kind) for kind in kinds) else ""


def _together(types: Sequence[str]) -> str:
    """The contract's type that holds the values of all these as they are; empty if only text does."""
    distinct = set(types)
    if len(distinct) == 1:
        return types[0]
    if distinct == {"int", "bigint"}:
        return "bigint"
    decimals = [re.fullmatch(r"decimal\((\d+),(\d+)\)", kind) for kind in distinct]
    if all(decimals):
        sizes = [(int(found[1]), int(found[2])) for found in decimals if found]
        scale = max(scale for _, scale in sizes)
        precision = scale + max(precision - scale for precision, scale in sizes)
        return f"decimal({precision},{scale})" if precision <= _DECIMAL_DIGITS else ""
    return "double" if distinct <= {"int", "double"} else ""


def parquet_type(kind: pa.DataType) -> tuple[str, str]:
    """The contract's type of a Parquet column, and why it has none (empty if it has)."""
    if pa.types.is_dictionary(kind):
        return parquet_type(kind.value_type)
    if pa.types.is_boolean(kind):
        return "boolean", ""
    if pa.types.is_integer(kind):
        return ("int" if kind.bit_width < 32 or pa.types.is_int32(kind) else "bigint"), ""
    if pa.types.is_floating(kind):
        return "double", ""
    if pa.types.is_decimal(kind):
        fits = kind.precision <= _DECIMAL_DIGITS and 0 <= kind.scale <= kind.precision
        return (f"decimal({kind.precision},{kind.scale})" if fits else "varchar"), ""
    if pa.types.is_date(kind):
        return "date", ""
    if pa.types.is_timestamp(kind):
        return "timestamp", ""
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return "varchar", "bytes are not text: leave the column out"
    return "varchar", ""


def _problems(name: str, columns: Sequence[ColumnProfile], samples: Sequence[Sample]) -> list[str]:
    found = [problem for problem in [table_problem(name, IN_THE_FILES)] if problem]
    if not columns:
        found.append("its files have no rows from which columns could be told: drop one with rows first")
    for group in alike(column.name for column in columns):
        found.append(f"columns {group}: rename them in the files")
    forms = {str(sample.form) for sample in samples}
    if len(forms) > 1:
        found.append("its files are written in several ways (encoding or delimiter): write them all in one")
    if len({file_type(sample.name) for sample in samples}) > 1:
        found.append("its files are of several types: give one pattern for each")
    return found
