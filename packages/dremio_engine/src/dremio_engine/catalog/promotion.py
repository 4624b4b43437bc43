"""Folders of Parquet files promoted to tables: which files, which columns, which dir0.. values.

Files are listed once, at promotion and at REFRESH METADATA, and every query names exactly those. A
file that is being written is therefore never read, and a new partition shows only when asked for.
"""

import re
from http import HTTPStatus
from typing import Any, NoReturn

import duckdb

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import without_folders
from dremio_engine.paths import Path, check_file_path, dotted
from dremio_engine.sql.quoting import literal, quoted

DUCKLAKE_FILE = re.compile(r"ducklake-[0-9a-f-]{36}(-delete)?\.parquet")
WILDCARDS = "*?["
# There is no such bucket, and there can be none of that name.
NO_BUCKET = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
Columns = list[tuple[str, str]]


def folder_url(lake: Lake, path: Path) -> str:
    """Where a dataset's files lie. Raises EngineError outside a file source."""
    source = lake.source(path[0])
    if source is None or not source.root:
        raise EngineError(f"[{path[0]}] is not a source of files.")
    check_file_path(path)
    source.check_bucket(path[1:])
    return source.root + "".join(f"{part}/" for part in path[1:])


def holds_files(lake: Lake, path: Path) -> bool:
    """Whether there are Parquet files below a folder; none below a name that no folder can have."""
    if any(sign in part for part in path for sign in WILDCARDS):
        return False
    try:
        url = folder_url(lake, path)
    except InvalidStatement:
        return False
    return bool(list_files(lake, url))


def list_files(lake: Lake, url: str) -> list[tuple[str, int, str]]:
    """(file, bytes, last modified) of every Parquet file below a folder, by name; none of no bucket."""
    if any(sign in url for sign in WILDCARDS):
        raise EngineError(f"A folder's name may not hold wildcards: [{url}].")
    with lake.session() as cursor:
        try:
            # Size and time come with the listing: no file is opened.
            rows = cursor.execute(
                f"select filename, size, last_modified::varchar from read_blob({literal(url + '**')}) where"
                " filename like '%.parquet' order by filename"
            ).fetchall()
        except duckdb.HTTPException as error:
            if error.status_code in NO_BUCKET:
                return []
            raise
    return [(name, size, str(moment)) for name, size, moment in rows if _visible(name[len(url) :])]


def _visible(relative: str) -> bool:
    # Spark's and Dremio's rule: names that begin with . or _ are not data. DuckLake's files belong to its
    # tables, and stay for a while when one is dropped.
    parts = relative.split("/")
    return not any(part[:1] in "._" for part in parts) and not DUCKLAKE_FILE.fullmatch(parts[-1])


def read_metadata(lake: Lake, path: Path, known: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a promoted dataset; columns of files that did not change since `known` are not read again.

    Raises EngineError when the folder has no Parquet file.
    """
    url = folder_url(lake, path)
    files = list_files(lake, url)
    if not files:
        _refuse_empty(lake, path, url)
    before: dict[str, dict[str, Any]] = {f["file"]: f for f in (known or {}).get("files", [])}
    shapes: list[Columns] = [[(n, t) for n, t in shape] for shape in (known or {}).get("shapes", [])]
    kept: list[dict[str, Any]] = []
    for name, size, moment in files:
        old = before.get(name)
        if old and (old["size"], old["modified"]) == (size, moment):
            shape = int(old["shape"])
        else:
            columns = _columns(lake, name)
            if columns not in shapes:
                shapes.append(columns)
            shape = shapes.index(columns)
        kept.append({"file": name, "size": size, "modified": moment, "shape": shape})
    depth = max(len(f["file"][len(url) :].split("/")) - 1 for f in kept)
    used = sorted({int(f["shape"]) for f in kept})
    examples = [next(str(f["file"]) for f in kept if int(f["shape"]) == shape) for shape in used]
    data = shapes[used[0]] if len(used) == 1 else _united(lake, examples)
    return {
        "url": url,
        "files": kept,
        "shapes": shapes,
        "uniform": len(used) == 1,
        "columns": data + [(f"dir{i}", "VARCHAR") for i in range(depth)],
        "depth": depth,
        "format": {"type": "Parquet"},
    }


def relation_sql(body: dict[str, Any]) -> str:
    """The DuckDB relation of a promoted dataset."""
    url, depth = body["url"], body["depth"]
    names = ", ".join(literal(f["file"]) for f in body["files"])
    union = "" if body["uniform"] else ", union_by_name = true"
    data = [quoted(name) for name, _ in body["columns"][: len(body["columns"]) - depth]]
    if depth == 0:
        return f"(select {', '.join(data)} from read_parquet([{names}]{union}, hive_partitioning = false))"
    relative = f"substr(filename, {len(url) + 1})"
    # Derived from the file's name alone, so that a filter on dir0 prunes files before they are opened.
    folders = [
        f"case when len(string_split({relative}, '/')) > {i + 1}"
        f" then string_split({relative}, '/')[{i + 1}] end as dir{i}"
        for i in range(depth)
    ]
    return (
        f"(select {', '.join(data + folders)} from read_parquet([{names}]{union},"
        " hive_partitioning = false, filename = true))"
    )


def folders(body: dict[str, Any]) -> dict[str, list[str]]:
    """The names each dir0.. column takes; a column that is missing somewhere (NULL) is left out."""
    rows = [f["file"][len(body["url"]) :].split("/")[:-1] for f in body["files"]]
    return {
        f"dir{i}": sorted({row[i] for row in rows})
        for i in range(body["depth"])
        if all(len(row) > i for row in rows)
    }


def _refuse_empty(lake: Lake, path: Path, url: str) -> NoReturn:
    if path[-1].lower().endswith(".parquet"):
        raise Unsupported(f"[{dotted(path)}] is a file; the embedded engine promotes folders only.")
    with lake.session() as cursor:
        names = [
            str(row[0])[len(url) :]
            for row in cursor.execute(f"select filename from read_blob({literal(url + '**')})").fetchall()
        ]
    if others := sorted(name for name in names if _visible(name)):
        raise Unsupported(f"No Parquet files found at [{dotted(path)}]: [{others[0]}] is not Parquet.")
    raise EngineError(f"No Parquet files found at [{dotted(path)}].")


def _columns(lake: Lake, file: str) -> Columns:
    return _described(lake, f"read_parquet({literal(file)}, hive_partitioning = false)")


def _united(lake: Lake, files: list[str]) -> Columns:
    """The columns of files of several shapes, each with a type that holds what all of them have."""
    names = ", ".join(map(literal, files))
    return _described(lake, f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)")


def _described(lake: Lake, relation: str) -> Columns:
    with lake.session() as cursor:
        try:
            rows = cursor.execute(f"describe select * from {relation}").fetchall()
        except duckdb.Error as error:
            raise EngineError(
                f"These files are not one table: {without_folders(str(error).splitlines()[0])}"
            ) from error
    return [(row[0], row[1]) for row in rows]


def check_format(format_options: dict[str, Any]) -> None:
    """Only Parquet folders can be promoted. Raises Unsupported."""
    kind = str(format_options.get("type", "Parquet"))
    if kind.lower() != "parquet":
        raise Unsupported(f"Format [{kind}] cannot be promoted by the embedded engine; only Parquet can.")
