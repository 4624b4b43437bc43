"""Whether several source rows of a change meet one row of its target: looked at before the change."""

from dataclasses import dataclass

from dremio_engine.lake.cursors import Cursor
from dremio_engine.sql.changes import MetTwice
from dremio_engine.sql.translate import Translator

# Of these, two values that differ may be one in a comparison or a group, or the other way round.
_INEXACT = ("FLOAT", "DOUBLE")


@dataclass(frozen=True)
class MatchCheck:
    """The queries of `MetTwice`, as DuckDB reads them."""

    rows: str
    keys: str | None
    given_twice: str | None

    @classmethod
    def of(cls, queries: MetTwice | None, translator: Translator) -> "MatchCheck | None":
        """None if there is nothing to look at."""
        if queries is None:
            return None
        others = [
            translator.finished(each).sql if each is not None else None
            for each in (queries.keys, queries.given_twice)
        ]
        return cls(translator.finished(queries.rows).sql, *others)

    def fails(self, cursor: Cursor) -> bool:
        """A row of the target is met twice."""
        if self.given_twice is not None and self._compares_one_type(cursor):
            given_twice = cursor.execute(self.given_twice).fetchone()
            if given_twice is None:
                return False
        return cursor.execute(self.rows).fetchone() is not None

    def _compares_one_type(self, cursor: Cursor) -> bool:
        """Is each key compared with one of its own type? Nothing is read for that."""
        types = [row[1] for row in cursor.execute(f"describe {self.keys}").fetchall()]
        return types[::2] == types[1::2] and not any(each in _INEXACT for each in types)
