"""ROLLBACK, VACUUM and OPTIMIZE, cut into commands."""

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.commands import Optimize, Rollback, Vacuum
from dremio_engine.sql.reader import Reader
from dremio_engine.sql.readings import at_moment, at_snapshot

_OPTIONS = ("MIN_INPUT_FILES", "MIN_FILE_SIZE_MB")


def rollback(r: Reader) -> Rollback:
    """TABLE t TO SNAPSHOT '<id>' or TO TIMESTAMP '<moment>'."""
    r.expect("TABLE")
    path = r.path()
    r.expect("TO")
    if r.accept("SNAPSHOT"):
        return Rollback(path, at_snapshot(r.next().text))
    r.expect("TIMESTAMP")
    r.accept("TIMESTAMP")
    return Rollback(path, at_moment(r.next().text))


def vacuum(r: Reader) -> Vacuum:
    """TABLE t EXPIRE SNAPSHOTS [older_than [=] '<moment>'] [retain_last [=] n]."""
    if not r.accept("TABLE"):
        raise Unsupported(
            f"PARSE ERROR: [VACUUM {r.peek.upper()}] is not supported by the embedded engine{r.position()}."
        )
    path = r.path()
    if r.accept("REMOVE"):
        raise Unsupported(
            "VACUUM TABLE .. REMOVE ORPHAN FILES is not supported by the embedded engine: it sweeps the files"
            " of writes that were cut short by itself, when it starts."
        )
    r.expect("EXPIRE", "SNAPSHOTS")
    older_than, retain_last = None, 1
    while not r.done:
        if r.accept("OLDER_THAN"):
            r.accept("=")
            r.accept("TIMESTAMP")
            older_than = at_moment(r.next().text).moment
        elif r.accept("RETAIN_LAST"):
            r.accept("=")
            retain_last = _number(r)
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in VACUUM TABLE{r.position()}.")
    return Vacuum(path, older_than, retain_last)


def optimize(r: Reader) -> Optimize:
    """TABLE t [REWRITE DATA [USING BIN_PACK] [(options)]] [REWRITE MANIFESTS]."""
    r.expect("TABLE")
    path = r.path()
    data, manifests = False, False
    options: dict[str, int] = {}
    while not r.done:
        if r.accept("REWRITE", "DATA"):
            data = True
            r.accept("USING", "BIN_PACK")
        elif r.accept("REWRITE", "MANIFESTS"):
            manifests = True
        elif r.peek == "(":
            options = _options(r)
        elif r.accept("FOR"):
            raise Unsupported(
                f"OPTIMIZE TABLE .. FOR PARTITIONS is not supported by the embedded engine{r.position()}:"
                " every partition is looked at."
            )
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in OPTIMIZE TABLE{r.position()}.")
    standard = Optimize(path)
    return Optimize(
        path,
        data or not manifests,
        options.get("MIN_INPUT_FILES", standard.min_input_files),
        options.get("MIN_FILE_SIZE_MB", standard.min_file_size_mb),
    )


def _options(r: Reader) -> dict[str, int]:
    r.expect("(")
    found: dict[str, int] = {}
    while True:
        name = r.name().upper()
        if name not in _OPTIONS:
            raise Unsupported(
                f"OPTIMIZE TABLE option [{name}] is not supported by the embedded engine;"
                f" it has {', '.join(_OPTIONS)}."
            )
        r.expect("=")
        found[name] = _number(r)
        if not r.accept(","):
            break
    r.expect(")")
    return found


def _number(r: Reader) -> int:
    where, text = r.position(), r.next().text
    if not text.isdecimal() or int(text) < 1:
        raise InvalidStatement(f"PARSE ERROR: expected a number above zero, found [{text}]{where}.")
    return int(text)
