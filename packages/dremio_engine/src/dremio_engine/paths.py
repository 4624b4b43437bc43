"""Paths: the names of objects, part by part, as every layer compares, shows and completes them."""

from dremio_engine.errors import InvalidStatement

Path = tuple[str, ...]


def path_key(path: Path) -> str:
    """One string per path whatever its case; the separator cannot stand in a name."""
    return "\x1f".join(part.lower() for part in path)


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths name the same object: Dremio's names ignore case."""
    return path_key(one) == path_key(other)


def dotted(path: Path) -> str:
    """A path as messages and INFORMATION_SCHEMA show it."""
    return ".".join(path)


def flattened(path: Path) -> Path:
    """A path whose parts hold no dots: `"a.b".c` and `a.b.c` name the same table."""
    return tuple(piece for part in path for piece in part.split("."))


def candidates(path: Path, context: Path) -> list[Path]:
    """The full paths that a name in a statement may stand for, in the order in which they are tried."""
    return list(dict.fromkeys([(*context, *path), path, flattened(path)]))


def in_context(path: Path, context: Path) -> Path:
    """The full path of an object that a statement creates or drops."""
    flat = flattened(path) if len(path) == 1 else path
    return (*context, *flat) if len(flat) == 1 else flat


def check_file_path(path: Path) -> None:
    """Raises InvalidStatement when a part of a path could lead a file out of its source's folder."""
    for part in path:
        if not part.strip(".") or any(sign in "/\\" or ord(sign) < 32 for sign in part):
            raise InvalidStatement(f"VALIDATION ERROR: [{part}] cannot be a part of a table's path.")
