"""Which files COPY INTO reads: what its location, FILES, REGEX and FILE_FORMAT come to."""

import re
from pathlib import PurePosixPath

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import check_file_path
from dremio_engine.sql.quoting import literal
from dremio_engine.sql.statements.copy_parser import FORMATS
from dremio_engine.sql.statements.load_commands import CopyInto

_COMPRESSED = ".gz"
_WILDCARDS = "*?["
# More files than this are looked for in one listing of their folder.
_ASKED_FOR_BY_NAME = 20


def files_to_copy(lake: Lake, command: CopyInto) -> tuple[str, list[str]]:
    """The format and the files, by name. Raises InvalidStatement, Unsupported."""
    folder, named = _location(lake, command)
    if named and len(named) <= _ASKED_FOR_BY_NAME and all(map(_can_be_asked_for, named)):
        there = [name for each in named for name in _listed(lake, folder, each)]
    else:
        there = _listed(lake, folder)
    if named:
        if missing := [name for name in named if name not in there]:
            raise InvalidStatement(
                f"VALIDATION ERROR: File(s) not found at {command.location}: {', '.join(missing)}"
            )
        chosen = list(named)
    elif command.regex is not None:
        chosen = [name for name in there if _pattern(command.regex).search(name)]
    else:
        chosen = there
    if not chosen:
        raise InvalidStatement(f"VALIDATION ERROR: No files to copy found at {command.location}")
    return _format(command, chosen), [folder + name for name in chosen]


def _location(lake: Lake, command: CopyInto) -> tuple[str, tuple[str, ...]]:
    """The folder's address, which ends in a slash, and the names of files that the statement gives."""
    if not command.location.startswith("@"):
        raise InvalidStatement(
            "PARSE ERROR: Specified location clause not found, Dremio sources should precede with '@'"
        )
    source_name, *parts = command.location[1:].strip("/").split("/")
    source = lake.source(source_name)
    if source is None or not source.root:
        raise InvalidStatement(f"VALIDATION ERROR: [{source_name}] is not a source of files.")
    check_file_path(tuple(parts))
    for name in command.files:
        check_file_path(tuple(name.split("/")))
    named = command.files
    if parts and not named and command.regex is None and PurePosixPath(parts[-1]).suffix:
        named = (parts.pop(),)
    folder = source.root + "".join(f"{part}/" for part in parts)
    if any(sign in folder for sign in _WILDCARDS):
        raise InvalidStatement(f"VALIDATION ERROR: [{command.location}] may not hold wildcards.")
    return folder, named


def _listed(lake: Lake, folder: str, name: str | None = None) -> list[str]:
    """The names of files below a folder, as they follow its address; Dremio skips those with . or _ first.

    Of one name only that file: a folder of a stream may hold a thousand others.
    """
    # As a pattern, since DuckDB takes a name without a wildcard for that of a file that is there.
    pattern = folder + (f"{name[:-1]}[{name[-1]}]" if name else "**")
    with lake.session() as cursor:
        rows = cursor.execute(f"select file from glob({literal(pattern)}) order by file").fetchall()
    names = [str(row[0])[len(folder) :] for row in rows]
    return [each for each in names if not any(part[:1] in "._" for part in each.split("/"))]


def _can_be_asked_for(name: str) -> bool:
    """No sign in it means something in a pattern, where `_listed` would put one."""
    return name[-1].isalnum() and not any(sign in name for sign in (*_WILDCARDS, "\\"))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise InvalidStatement(f"PARSE ERROR: [{text}] is not a regular expression: {error}") from error


def _format(command: CopyInto, names: list[str]) -> str:
    extensions = {_extension(name) for name in names}
    if any(name.lower().endswith(".bz2") for name in names):
        raise Unsupported("COPY INTO from .bz2 files is not supported by the embedded engine.")
    if command.format is not None:
        return command.format
    if len(extensions) > 1:
        raise InvalidStatement(
            "PARSE ERROR: Files with only one type of extension are allowed in the files list; found"
            f" {', '.join(sorted(extensions))}."
        )
    found = extensions.pop()
    if found not in FORMATS:
        raise InvalidStatement(
            "PARSE ERROR: File format could not be inferred from the file extension, please specify"
            " FILE_FORMAT option."
        )
    return found


def _extension(name: str) -> str:
    return PurePosixPath(name.lower().removesuffix(_COMPRESSED)).suffix.removeprefix(".")
