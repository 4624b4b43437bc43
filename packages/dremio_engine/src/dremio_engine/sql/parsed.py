"""A query's tree, parsed once and shared by all who look at it."""

import functools
import threading

from sqlglot import exp

from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.paths import Path
from dremio_engine.sql.column_paths import shorten_columns
from dremio_engine.sql.dialect import parse_fresh, tokens_of, without_places
from dremio_engine.sql.grammar import grammar_fault
from dremio_engine.sql.hints import Hints, hints_in
from dremio_engine.sql.json_columns import json_calls
from dremio_engine.sql.names import names_in_tree
from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.foreign_clauses import foreign_clauses
from dremio_engine.sql.refusals.foreign_syntax import foreign_syntax
from dremio_engine.sql.refusals.pivot_clauses import pivot_faults
from dremio_engine.sql.refusals.reserved_words import reserved_name
from dremio_engine.sql.refusals.words import Words

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
        try:
            self._read()
        except RecursionError as error:
            raise InvalidStatement("PARSE ERROR: the statement is nested too deeply.") from error

    def _read(self) -> None:
        sql = self.sql
        tokens = tokens_of(sql)
        words = Words(tokens, sql)
        # What belongs to another dialect is easier to understand than where the grammar lost its way.
        foreign = foreign_syntax(words, sql) or grammar_fault(words, sql)
        try:
            tree = parse_fresh(tokens, sql)
        except EngineError as error:
            raise (foreign.error(sql) if foreign else error) from error
        faults = [foreign, reserved_name(tree, sql), *foreign_clauses(tree), *pivot_faults(tree, words)]
        self.fault: Fault | None = min(filter(None, faults), key=lambda fault: fault.start, default=None)
        self._tree = shorten_columns(without_places(tree))

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
    def learns_types(self) -> bool:
        """Whether the types of its result hang on the data: it makes values of JSON in columns."""
        return bool(json_calls(self._tree))

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
