"""ROLLBACK, VACUUM and OPTIMIZE, cut into commands. Source: docs.dremio.com, SQL commands, Apache Iceberg."""

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.readings import at_moment, at_snapshot
from dremio_engine.sql.statements.commands import Optimize, Rollback, Vacuum
from dremio_engine.sql.statements.reader import Reader

_OPTIONS = ("TARGET_FILE_SIZE_MB", "MIN_FILE_SIZE_MB", "MAX_FILE_SIZE_MB", "MIN_INPUT_FILES")
# Of the target's size: what Dremio takes for files that are too small or too large.
_SMALLEST, _LARGEST = 0.75, 1.8


def rollback(r: Reader) -> Rollback:
    """TABLE t TO SNAPSHOT '<id>' or TO TIMESTAMP '<moment>'."""
    r.expect("TABLE")
    path = r.path()
    r.expect("TO")
    if r.accept("SNAPSHOT"):
        return Rollback(path, at_snapshot(r.text()))
    r.expect("TIMESTAMP")
    return Rollback(path, at_moment(r.text()))


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
    if r.accept("OLDER_THAN"):
        r.accept("=")
        older_than = at_moment(r.text()).moment
    if r.accept("RETAIN_LAST"):
        r.accept("=")
        retain_last = _number(r)
    if not r.done:
        raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in VACUUM TABLE{r.position()}.")
    return Vacuum(path, older_than, retain_last)


def optimize(r: Reader) -> Optimize:
    """TABLE t [REWRITE MANIFESTS | [REWRITE DATA] [USING BIN_PACK] [(options)] [FOR PARTITIONS condition]].

    The options may follow the condition as well, as Dremio's grammar has them.
    """
    r.expect("TABLE")
    path = r.path()
    if r.accept("REWRITE", "MANIFESTS"):
        return Optimize(path, data=False)
    r.accept("REWRITE", "DATA")
    r.accept("USING", "BIN_PACK")
    options = _options(r) if r.peek == "(" else {}
    partitions = None
    if r.accept("FOR", "PARTITIONS"):
        partitions = r.until_options(_OPTIONS)
        if not options and not r.done:
            options = _options(r)
    if not r.done:
        raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in OPTIMIZE TABLE{r.position()}.")
    return _with_sizes(path, options, partitions)


def _with_sizes(path: tuple[str, ...], options: dict[str, int], partitions: str | None) -> Optimize:
    standard = Optimize(path)
    target = options.get("TARGET_FILE_SIZE_MB", standard.target_file_size_mb)
    least = options.get("MIN_FILE_SIZE_MB", int(target * _SMALLEST))
    most = options.get("MAX_FILE_SIZE_MB", int(target * _LARGEST))
    files = options.get("MIN_INPUT_FILES", standard.min_input_files)
    for wrong, reason in (
        (target < 1, f"TARGET_FILE_SIZE_MB [{target}] should be a positive integer value."),
        (most < 1, f"MAX_FILE_SIZE_MB [{most}] should be a positive integer value."),
        (
            most < least,
            f"Value of MIN_FILE_SIZE_MB [{least}] cannot be greater than MAX_FILE_SIZE_MB [{most}].",
        ),
        (
            target < least,
            f"Value of TARGET_FILE_SIZE_MB [{target}] cannot be less than MIN_FILE_SIZE_MB [{least}].",
        ),
        (
            most < target,
            f"Value of TARGET_FILE_SIZE_MB [{target}] cannot be greater than MAX_FILE_SIZE_MB [{most}].",
        ),
        (files < 1, f"Value of MIN_INPUT_FILES [{files}] cannot be less than 1."),
    ):
        if wrong:
            raise InvalidStatement(f"VALIDATION ERROR: {reason}")
    return Optimize(path, True, files, least, target, most, partitions)


def _options(r: Reader) -> dict[str, int]:
    r.expect("(")
    found: dict[str, int] = {}
    while True:
        where, name = r.position(), r.word().upper()
        if name not in _OPTIONS:
            raise InvalidStatement(
                f"PARSE ERROR: [{name}]{where} is not an option of OPTIMIZE TABLE: {', '.join(_OPTIONS)}."
            )
        r.expect("=")
        found[name] = _whole_number(r)
        if not r.accept(","):
            break
    r.expect(")")
    return found


def _number(r: Reader) -> int:
    where, text = r.position(), r.next().text
    if not text.isdecimal() or int(text) < 1:
        raise InvalidStatement(f"PARSE ERROR: expected a number above zero, found [{text}]{where}.")
    return int(text)


def _whole_number(r: Reader) -> int:
    where, text = r.position(), r.next().text
    if not text.isdecimal():
        raise InvalidStatement(f"PARSE ERROR: expected a whole number, found [{text}]{where}.")
    return int(text)
