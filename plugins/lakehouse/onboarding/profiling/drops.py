"""Files of a folder or bucket: which ones a pattern names, and the records at their beginning."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from charset_normalizer import from_bytes

from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.platform.connections import Connection

SAMPLE_BYTES: Final = 4 * 1024 * 1024
"""Of each file, unpacked. What is shorter is read whole."""
SAMPLE_ROWS: Final = 20_000
"""Of each file."""
UTF_8: Final = "utf-8-sig"
_USUAL_ENCODING: Final = "cp1252"
"""Windows' and, but for rare signs, Latin-1's. Of encodings that fit as well, the first by name is cp1250,
which reads the è of French and Italian as č."""
_DELIMITERS: Final = ",;\t|"
_TYPES: Final = {
    "csv": "csv",
    "tsv": "csv",
    "txt": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "parquet": "parquet",
}
_PACKED: Final = (".gz", ".bz2")
_BUCKET: Final = "s3://"
_OF_A_BUCKET: Final = "the bucket's name, or the key, region or endpoint it is asked with"
_WILD: Final = frozenset("*?[")


@dataclass(frozen=True)
class Sample:
    """The beginning of a file."""

    name: str
    """Relative to the folder."""
    columns: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    """CSV values are text; an empty one is None."""
    form: tuple[tuple[str, Any], ...]
    """How it is read: the connection's `format` block."""
    is_whole: bool
    types: tuple[pa.DataType, ...] = ()
    """Parquet only: the columns' own types."""


class Drops:
    """The place that a pattern names: `folder` and, relative to it, `glob`."""

    def __init__(self, folder: str, glob: str, files: pafs.FileSystem) -> None:
        """`folder`: a path, or `s3://bucket`."""
        self.folder = folder
        self.glob = glob
        self._root = folder.removeprefix(_BUCKET)
        self._files = files

    @classmethod
    def of_pattern(cls, pattern: str) -> Drops:
        """The files that a pattern names. Raises ProfileError for one that names no place."""
        folder, glob = place_of_pattern(pattern)
        if not folder.startswith(_BUCKET):
            return cls(folder, glob, pafs.LocalFileSystem())
        region, endpoint = os.environ.get("AWS_REGION"), os.environ.get("AWS_ENDPOINT_URL")
        return cls(folder, glob, pafs.S3FileSystem(endpoint_override=endpoint, region=region))

    @classmethod
    def of_connection(cls, where: Connection, glob: str) -> Drops:
        """The files of the place that an Airflow connection leads to.

        Raises ProfileError for a place that cannot be looked at.
        """
        if path := where.extra.get("path"):
            return cls(str(path), glob, pafs.LocalFileSystem())
        if bucket := where.extra.get("bucket"):
            files = pafs.S3FileSystem(
                access_key=where.login or None,
                secret_key=where.password or None,
                endpoint_override=where.extra.get("endpoint_url"),
                region=where.extra.get("region_name"),
            )
            return cls(f"{_BUCKET}{bucket}", glob, files)
        raise ProfileError("the files' Airflow connection names neither a path nor a bucket in its extra")

    def names(self) -> list[str]:
        """The files that the pattern names, relative to the folder, newest first.

        Raises ProfileError when there are none, or the place cannot be looked at.
        """
        if found := self.matching():
            return found
        there = ", ".join(sorted(info.base_name for info in self._listed())[:5]) or "nothing"
        raise ProfileError(f"no file matches {self.glob} in {self.folder}; there is: {there}")

    def matching(self) -> list[str]:
        """As `names`, and empty when there are none."""
        pattern = self.glob.split("/")
        found = [
            (info.mtime_ns or 0, name)
            for info in self._listed()
            if info.type == pafs.FileType.File
            and matches((name := info.path.removeprefix(self._root).lstrip("/")).split("/"), pattern)
        ]
        return [name for _, name in sorted(found, reverse=True)]

    def _listed(self) -> list[pafs.FileInfo]:
        try:
            return list(self._files.get_file_info(pafs.FileSelector(self._root, recursive="/" in self.glob)))
        except OSError as error:
            if self.folder.startswith(_BUCKET):
                what = f"{self.folder} cannot be looked at: {_words(error)}: correct {_OF_A_BUCKET}"
            elif isinstance(error, FileNotFoundError):
                what = f"there is no folder {self.folder}: correct the pattern, or make it first"
            else:
                what = f"{self.folder} cannot be looked at: {_words(error)}"
            raise ProfileError(what) from error

    def sample(self, name: str) -> Sample:
        """The beginning of a file. Raises ProfileError when it cannot be read."""
        kind = file_type(name)
        try:
            if kind == "parquet":
                return self._parquet(name)
            with self._files.open_input_stream(f"{self._root}/{name}", compression="detect") as stream:
                raw = stream.read(SAMPLE_BYTES)
                is_whole = not stream.read(1)
            text, encoding = _decoded(raw, is_whole)
            read = _csv if kind == "csv" else _json_lines
            return read(name, text, encoding, is_whole)
        except (OSError, pa.ArrowException, csv.Error, ValueError) as error:
            raise ProfileError(f"{name} in {self.folder} cannot be read: {_words(error)}") from error

    def _parquet(self, name: str) -> Sample:
        with self._files.open_input_file(f"{self._root}/{name}") as source:
            file = pq.ParquetFile(source)
            batch = next(file.iter_batches(SAMPLE_ROWS), None)
            schema = file.schema_arrow
            # Airbyte makes columns of folders such as year=2025.
            parts = (unquote(part).partition("=") for part in name.split("/")[:-1])
            folders = {column: value for column, equals, value in parts if equals}
            rows = batch.to_pylist() if batch is not None else []
            return Sample(
                name=name,
                columns=(*schema.names, *folders),
                records=tuple(row | folders for row in rows),
                form=(("filetype", "parquet"),),
                is_whole=file.metadata.num_rows <= SAMPLE_ROWS,
                types=(*schema.types, *(pa.string() for _ in folders)),
            )


def place_of_pattern(pattern: str) -> tuple[str, str]:
    """The folder (or `s3://bucket`) of a pattern, and the glob relative to it.

    Raises ProfileError for a pattern that names no place.
    """
    scheme, separator, rest = pattern.partition("://")
    if separator and scheme not in ("s3", "file"):
        raise ProfileError(f"{pattern}: only a path or s3://bucket/… can be looked at")
    if separator and scheme == "s3":
        bucket, _, glob = rest.partition("/")
        return f"{_BUCKET}{bucket}", glob
    plain = rest if separator else pattern
    if not plain.startswith("/"):
        raise ProfileError(f"{pattern}: give the whole path; Airbyte does not know this folder")
    parts = PurePosixPath(plain).parts
    fixed = next((at for at, part in enumerate(parts) if _WILD & set(part)), len(parts) - 1)
    return str(PurePosixPath(*parts[:fixed])), "/".join(parts[fixed:])


def file_type(name: str) -> str:
    """csv | jsonl | parquet, by the name. Raises ProfileError for any other."""
    plain = name.lower()
    for packed in _PACKED:
        plain = plain.removesuffix(packed)
    ending = plain.rpartition(".")[2]
    if ending not in _TYPES:
        raise ProfileError(f"{name}: files are CSV (.csv), JSON lines (.jsonl) or Parquet (.parquet)")
    return _TYPES[ending]


def matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Airbyte's globs: `*` stays within a folder, `**` crosses folders, neither stands for a leading dot."""
    if not pattern:
        return not path
    head, *rest = pattern
    if head == "**":
        if not rest:
            return bool(path) and not any(part.startswith(".") for part in path)
        deeper = bool(path) and not path[0].startswith(".") and matches(path[1:], pattern)
        return deeper or matches(path, rest)
    if not path or (path[0].startswith(".") and not head.startswith(".")):
        return False
    return fnmatchcase(path[0], head) and matches(path[1:], rest)


def _decoded(raw: bytes, is_whole: bool) -> tuple[str, str]:
    """The text, and Airbyte's name of its encoding. UTF-8 unless it is not."""
    try:
        return raw.decode(UTF_8), UTF_8
    except UnicodeDecodeError as error:
        # The sample may end within a character.
        if not is_whole and error.start >= len(raw) - 4:
            return raw[: error.start].decode(UTF_8), UTF_8
    found = from_bytes(raw)
    best = found.best()
    if best is None:
        raise ValueError("its encoding cannot be told")
    equally_good = [
        match for match in found if (match.chaos, match.coherence) == (best.chaos, best.coherence)
    ]
    fitting = {name for match in equally_good for name in match.could_be_from_charset}
    encoding = _USUAL_ENCODING if _USUAL_ENCODING in fitting else best.encoding
    return raw.decode(encoding, errors="replace"), encoding


def _csv(name: str, text: str, encoding: str, is_whole: bool) -> Sample:
    if not text.strip():
        raise ValueError("it is empty: take it away, or give a pattern without it")
    head = text[:65536]
    try:
        delimiter = csv.Sniffer().sniff(head, _DELIMITERS).delimiter
    except csv.Error:
        # One column, or lines too different to tell: the header decides.
        delimiter = max(_DELIMITERS, key=head.splitlines()[0].count)
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=is_whole)
    header = tuple(next(rows))
    if doubled := sorted({column for column in header if header.count(column) > 1}):
        raise ValueError(f"its header has {', '.join(doubled)} twice: rename one of them in the file")
    lines = [line for line, _ in zip(rows, range(SAMPLE_ROWS + 1), strict=False) if line]
    if not is_whole and len(lines) <= SAMPLE_ROWS:
        lines = lines[:-1]
    if wrong := next((at for at, line in enumerate(lines, 2) if len(line) != len(header)), None):
        raise ValueError(f"line {wrong} has another number of fields than its header: correct it")
    records = tuple(
        {column: value or None for column, value in zip(header, line, strict=True)}
        for line in lines[:SAMPLE_ROWS]
    )
    form: tuple[tuple[str, Any], ...] = (("filetype", "csv"), ("encoding", encoding))
    if delimiter != ",":
        form += (("delimiter", r"\t" if delimiter == "\t" else delimiter),)
    # Without this an empty field is an empty text, which cannot become a number or a date.
    form += (("null_values", [""]),)
    return Sample(name, header, records, form, is_whole and len(lines) <= SAMPLE_ROWS)


def _json_lines(name: str, text: str, encoding: str, is_whole: bool) -> Sample:
    # As an editor counts them: a line separator within a JSON text ends no line.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    complete = lines if is_whole else lines[:-1]
    records = tuple(_objects(complete[:SAMPLE_ROWS]))
    columns = tuple(dict.fromkeys(column for record in records for column in record))
    form = (("filetype", "jsonl"), ("encoding", encoding))
    return Sample(name, columns, records, form, is_whole and len(complete) <= SAMPLE_ROWS)


def _objects(lines: Sequence[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    for number, line in lines:
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"line {number} is not JSON ({error.msg}, character {error.pos + 1}): correct it"
            ) from error
        if not isinstance(record, dict):
            raise ValueError(f"line {number} is not a JSON object: correct it")
        yield record


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
