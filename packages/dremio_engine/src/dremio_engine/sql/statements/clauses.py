"""Clauses that tables and reflections share: partitions, dimensions, measures."""

from dremio_engine.errors import InvalidStatement
from dremio_engine.paths import Path
from dremio_engine.sql.statements.commands import CreateReflection, PartitionField
from dremio_engine.sql.statements.reader import Reader

TRANSFORMS = ("identity", "year", "month", "day", "hour", "bucket", "truncate")


def partitions(r: Reader) -> tuple[PartitionField, ...]:
    """(column or transform(column), ..): Iceberg partition fields."""
    r.expect("(")
    found = [partition_field(r)]
    while r.accept(","):
        found.append(partition_field(r))
    r.expect(")")
    return tuple(found)


def partition_field(r: Reader) -> PartitionField:
    """column, transform(column) or transform(n, column)."""
    where = r.position()
    word = r.word() if r.is_call else r.name()
    if not r.accept("("):
        return PartitionField(word)
    if word.lower() not in TRANSFORMS:
        raise InvalidStatement(f"PARSE ERROR: [{word}] is not a partition transform{where}.")
    first, argument = r.name(), None
    if r.accept(","):
        if not first.isdecimal() or int(first) < 1:
            raise InvalidStatement(f"PARSE ERROR: [{first}] is not a number above zero{where}.")
        argument, first = int(first), r.name()
    r.expect(")")
    if (argument is None) == (word.lower() in ("bucket", "truncate")):
        takes = "a number and a column" if argument is None else "a column only"
        raise InvalidStatement(f"PARSE ERROR: [{word}] takes {takes}{where}.")
    return PartitionField(first, word.lower(), argument)


class Clauses:
    """The clauses of a statement, which come in one order, each once; some exclude each other."""

    def __init__(self, statement: str, order: tuple[str | tuple[str, ...], ...]) -> None:
        self._statement = statement
        self._places = {
            word: place
            for place, words in enumerate(order)
            for word in ((words,) if isinstance(words, str) else words)
        }
        self._last = -1

    def begins(self, r: Reader) -> None:
        """The next word begins a clause. Raises InvalidStatement if it may no longer come."""
        word = r.peek.upper().partition(" ")[0]
        place = self._places.get(word)
        if place is None:
            return
        if place <= self._last:
            raise InvalidStatement(
                f"PARSE ERROR: [{word}] in {self._statement} comes too late or twice{r.position()}."
            )
        self._last = place


_REFLECTION_CLAUSES = ("DISPLAY", "DIMENSIONS", "MEASURES", "DISTRIBUTE", "PARTITION", "LOCALSORT", "ARROW")


def reflection(r: Reader, path: Path) -> CreateReflection:
    """CREATE RAW|AGGREGATE REFLECTION, from the word after CREATE."""
    raw = r.accept("RAW")
    if not raw:
        r.expect("AGGREGATE")
    r.expect("REFLECTION")
    name = r.name()
    r.expect("USING")
    display: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    measures: tuple[tuple[str, tuple[str, ...]], ...] = ()
    partition_fields: tuple[PartitionField, ...] = ()
    sort: tuple[str, ...] = ()
    clauses = Clauses("CREATE REFLECTION", _REFLECTION_CLAUSES)
    while not r.done:
        clauses.begins(r)
        if r.accept("DISPLAY"):
            display = r.names()
        elif r.accept("DIMENSIONS"):
            dimensions = _dimensions(r)
        elif r.accept("MEASURES"):
            measures = _measures(r)
        elif r.accept("PARTITION", "BY"):
            partition_fields = partitions(r)
        elif r.accept("LOCALSORT", "BY"):
            sort = r.names()
        elif r.accept("DISTRIBUTE", "BY"):
            r.names()
        elif r.accept("ARROW", "CACHE", "TRUE") or r.accept("ARROW", "CACHE", "FALSE"):
            continue
        else:
            raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}] in CREATE REFLECTION{r.position()}.")
    return CreateReflection(
        path, name, "RAW" if raw else "AGGREGATION", display, dimensions, measures, partition_fields, sort
    )


def _dimensions(r: Reader) -> tuple[tuple[str, str], ...]:
    r.expect("(")
    found = []
    while True:
        column = r.name()
        by_day = r.accept("BY", "DAY")
        found.append((column, "DATE" if by_day else "NORMAL"))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _measures(r: Reader) -> tuple[tuple[str, tuple[str, ...]], ...]:
    r.expect("(")
    found = []
    while True:
        column = r.name()
        kinds = tuple(k.upper() for k in _measure_kinds(r)) if r.peek == "(" else ()
        found.append((column, kinds))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def _measure_kinds(r: Reader) -> list[str]:
    words = r.enclosed().replace("\n", " ").split(",")
    return ["_".join(word.split()) for word in words]
