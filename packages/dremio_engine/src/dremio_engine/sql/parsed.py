"""A query's tree, parsed once and shared by all who look at it."""

import functools
import threading

from sqlglot import exp

from dremio_engine.paths import Path
from dremio_engine.sql.dialect import parse_fresh, without_places
from dremio_engine.sql.faults import Fault
from dremio_engine.sql.hints import Hints, hints_in
from dremio_engine.sql.names import names_in_tree
from dremio_engine.sql.reserved_words import reserved_name

# In characters. A longer statement's tree is not kept, for hundreds of them would fill the memory; and they
# are parsed one at a time, since parsing is Python and would take the interpreter from everybody.
LONG_STATEMENT = 32_768
KEPT_TREES = 512
_long_statements = threading.Lock()


class Parsed:
    """What is known of a query from its text alone; `fault` is the first thing Dremio would not parse."""

    def __init__(self, sql: str) -> None:
        """Raises InvalidStatement."""
        self.sql = sql
        tree = parse_fresh(sql)
        self.fault: Fault | None = reserved_name(tree, sql)
        self._tree = without_places(tree)

    def tree(self) -> exp.Expr:
        """A copy of the tree, to be changed at will."""
        return self._tree.copy()

    @functools.cached_property
    def names(self) -> tuple[Path, ...]:
        """The tables and views it names; () stands for one that is not plain (an older version)."""
        return names_in_tree(self._tree)

    @functools.cached_property
    def hints(self) -> Hints:
        """What it says about reflections."""
        return hints_in(self._tree)

    @functools.cached_property
    def mentions_roles(self) -> bool:
        """Whether IS_MEMBER may be in it."""
        return "is_member" in self.sql.lower()


def parsed(sql: str) -> Parsed:
    """The query in a text, parsed when it was not seen lately. Raises InvalidStatement."""
    if len(sql) > LONG_STATEMENT:
        with _long_statements:
            return Parsed(sql)
    return _kept(sql)


def parse(sql: str) -> exp.Expr:
    """A fresh tree of one statement. Raises InvalidStatement."""
    return parsed(sql).tree()


@functools.lru_cache(maxsize=KEPT_TREES)
def _kept(sql: str) -> Parsed:
    return Parsed(sql)
