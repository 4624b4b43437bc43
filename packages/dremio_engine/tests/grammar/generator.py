"""Statements at random: right ones from a small grammar, and what a slip or another dialect makes of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\w+|<>|<=|>=|!=|\|\||\S")
_NAMES = ("a", "b", "c", "amount", "day_of_order", '"Day"', "name", "type", "first", "data", "source")
_TABLES = ("t", "u", "s.t", 'lake."my folder".t', "orders")
_OPERATORS = ("=", "<>", "<", ">", "<=", ">=", "!=", "+", "-", "*", "/", "%", "||", "and", "or")
_LITERALS = (
    *("1", "0.5", "1e3", "'x'", "''", "null", "true", "false", "date '2025-10-16'", "current_date"),
    *("timestamp '2025-10-16 01:02:03'", "interval '1' day", "interval '2-1' year to month"),
)
_CALLS = ("coalesce", "upper", "concat", "round", "date_trunc", "nullif", "substr", "to_char", "left", "year")
_AGGREGATES = ("count", "sum", "avg", "min", "max", "stddev", "listagg")
_RANKS = ("row_number()", "rank()", "dense_rank()", "lag(a, 1)", "first_value(a)", "ntile(4)", "sum(b)")
_TYPES = (
    "integer",
    "bigint",
    "varchar",
    "varchar(10)",
    "decimal(12, 2)",
    "double",
    "date",
    "timestamp",
    "boolean",
)
_UNITS = ("year", "month", "day", "hour", "minute", "second", "week", "quarter")
# What a slip puts in: other dialects' marks, and words that are at home elsewhere in a statement.
_STRAYS = (
    *(
        "::",
        ":",
        "->",
        "=>",
        ":=",
        "==",
        "**",
        "//",
        "~",
        "!",
        "@",
        "#",
        "$1",
        "?",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
    ),
    *(",", ".", ";", "*", "+", "-", "=", "<", "||", "|", "&", "^", "%", "'x'", "1", '"q"', "a", "b"),
    *(
        "select",
        "from",
        "where",
        "group by",
        "having",
        "order by",
        "limit",
        "offset",
        "union",
        "all",
        "distinct",
    ),
    *(
        "as",
        "on",
        "using",
        "join",
        "left",
        "cross",
        "lateral",
        "natural",
        "values",
        "with",
        "in",
        "is",
        "not",
        "null",
    ),
    *(
        "like",
        "ilike",
        "between",
        "and",
        "or",
        "case",
        "when",
        "then",
        "else",
        "end",
        "cast",
        "over",
        "filter",
    ),
    *(
        "partition by",
        "rows",
        "range",
        "within group",
        "interval",
        "date",
        "exclude",
        "except",
        "replace",
        "qualify",
    ),
    *(
        "window",
        "recursive",
        "materialized",
        "returning",
        "set",
        "into",
        "default",
        "percent",
        "only",
        "ties",
    ),
    *(
        "asc",
        "nulls first",
        "escape",
        "exists",
        "any",
        "some",
        "array",
        "row",
        "unnest",
        "table",
        "for",
        "at",
    ),
    *(
        "tablesample",
        "pivot",
        "ignore nulls",
        "value",
        "year",
        "user",
        "count",
        "begin",
        "semi",
        "asof",
        "by name",
    ),
)


class Generator:
    """All that it gives follows from its seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def statement(self) -> str:
        """One that Dremio parses."""
        return self._one([self._query] * 8 + [self._insert, self._update, self._delete, self._merge])

    def slip(self, sql: str) -> str:
        """The statement with one to three of its words lost, doubled, moved, changed or added to."""
        words = _TOKEN.findall(sql)
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            at = self._random.randrange(len(words))
            kind = self._random.randrange(6)
            if kind == 0 and len(words) > 1:
                del words[at]
            elif kind == 1:
                words.insert(at, words[at])
            elif kind == 2:
                other = self._random.randrange(len(words))
                words[at], words[other] = words[other], words[at]
            elif kind == 3:
                words[at] = self._random.choice(_STRAYS)
            else:
                words.insert(at, self._random.choice(_STRAYS))
        return re.sub(r"\s*\.\s*", ".", " ".join(words))

    def _one(self, makers: list[Callable[[], str]]) -> str:
        return self._random.choice(makers)()

    def _maybe(self, share: float, make: Callable[[], str]) -> str:
        return make() if self._random.random() < share else ""

    def _some(self, make: Callable[[], str], most: int = 3) -> str:
        return ", ".join(make() for _ in range(self._random.randint(1, most)))

    def _pick(self, words: tuple[str, ...]) -> str:
        return self._random.choice(words)

    def _name(self) -> str:
        return self._pick(_NAMES)

    def _expression(self, depth: int = 0) -> str:
        if depth > 2:
            return self._random.choice((self._name, lambda: self._pick(_LITERALS)))()

        def inner() -> str:
            return self._expression(depth + 1)

        return self._one(
            [
                self._name,
                lambda: f"x.{self._name()}",
                lambda: self._pick(_LITERALS),
                lambda: f"{inner()} {self._pick(_OPERATORS)} {inner()}",
                lambda: f"({inner()})",
                lambda: f"-{self._name()}",
                lambda: f"{self._pick(_CALLS)}({inner()}, {inner()})",
                lambda: f"cast({inner()} as {self._pick(_TYPES)})",
                lambda: f"case when {inner()} then {inner()} else {inner()} end",
                lambda: f"case {self._name()} when {inner()} then {inner()} end",
                lambda: f"({self._name()} is {self._pick(('null', 'not null', 'true', 'not false'))})",
                lambda: f"{self._name()} is not distinct from {self._name()}",
                lambda: f"({self._name()} {self._pick(('in', 'not in'))} ({inner()}, {inner()}))",
                lambda: f"({self._name()} between {self._name()} and ({inner()}))",
                lambda: f"({self._name()} not like 'x%' escape '!')",
                lambda: f"not {inner()}",
                lambda: f"extract({self._pick(_UNITS)} from {self._name()})",
                lambda: f"timestampdiff({self._pick(_UNITS)}, {self._name()}, {self._name()})",
                lambda: f"position('x' in {self._name()})",
                lambda: f"substring({self._name()} from 1 for 2)",
                lambda: f"trim(both 'x' from {self._name()})",
                lambda: f"floor({self._name()} to {self._pick(('day', 'month'))})",
                lambda: f"array[{self._name()}, {inner()}]",
                lambda: f"{self._name()}['x'][0]",
                lambda: f"exists ({self._query(depth + 2)})",
                lambda: f"({self._query(depth + 2)})",
                lambda: f"{self._pick(_RANKS)} over ({self._window()})",
                lambda: (
                    f"{self._pick(_AGGREGATES)}({self._maybe(0.2, lambda: 'distinct ')}{inner()})"
                    + self._maybe(0.2, lambda: f" filter (where {inner()})")
                ),
                lambda: "count(*)",
            ]
        )

    def _window(self) -> str:
        frame = ("rows unbounded preceding", "rows between 1 preceding and current row")
        return " ".join(
            [
                self._maybe(0.5, lambda: f"partition by {self._name()}"),
                f"order by {self._name()}",
                self._maybe(0.3, lambda: self._pick(frame)),
            ]
        )

    def _item(self) -> str:
        alias = self._pick(("", "", " as x1", " y1", ' as "Z"'))
        return self._one([lambda: f"{self._expression()}{alias}"] * 4 + [lambda: "*", lambda: "x.*"])

    def _table(self, depth: int) -> str:
        alias = self._pick((" x", " as x", " as x1"))
        if depth < 2 and self._random.random() < 0.2:
            return f"({self._query(depth + 1)}){alias}"
        if self._random.random() < 0.1:
            return "(values (1, 'a'), (2, 'b')) as x(a, b)"
        return self._pick(_TABLES) + self._maybe(0.5, lambda: alias)

    def _joins(self, depth: int) -> str:
        kinds = ("join", "inner join", "left join", "left outer join", "right join", "full join")
        return self._one(
            [
                lambda: "",
                lambda: "",
                lambda: f" {self._pick(kinds)} {self._table(depth)} on {self._expression(2)}",
                lambda: f" {self._pick(kinds)} {self._table(depth)} using (a)",
                lambda: f" cross join {self._table(depth)}",
                lambda: f", {self._table(depth)}",
            ]
        )

    def _grouping(self) -> str:
        forms = ("rollup (a, b)", "cube (a, b)", "grouping sets ((a), (b), ())", "1", "a, b")
        return f" group by {self._pick(forms)}" + self._maybe(0.4, lambda: f" having {self._expression(2)}")

    def _select(self, depth: int) -> str:
        return (
            f"select {self._pick(('', '', '', 'distinct ', 'all '))}{self._some(self._item)}"
            f" from {self._table(depth)}{self._joins(depth)}"
            + self._maybe(0.4, lambda: f" where {self._expression(1)}")
            + self._maybe(0.3, self._grouping)
        )

    def _query(self, depth: int = 0) -> str:
        body = self._select(depth)
        if depth < 2 and self._random.random() < 0.2:
            between = self._pick(("union", "union all", "intersect", "except", "minus"))
            body = f"{body} {between} {self._select(depth + 1)}"
        if depth == 0 and self._random.random() < 0.2:
            body = f"with w as ({self._query(2)}), v(a, b) as ({self._query(2)}) {body}"
        nulls = self._pick(("", " desc", " asc nulls last", " nulls first"))
        return (
            body
            + self._maybe(0.3, lambda: f" order by {self._name()}{nulls}")
            + self._maybe(0.2, lambda: " limit 10")
            + self._maybe(0.1, lambda: " offset 5 rows")
        )

    def _insert(self) -> str:
        columns = self._pick(("", " (a, b)"))
        rows = "values (1, 'x'), (2, null)"
        return f"insert into {self._pick(_TABLES)}{columns} " + self._one(
            [lambda: rows, lambda: self._query(1)]
        )

    def _update(self) -> str:
        sets = f"a = {self._expression(1)}, b = {self._expression(2)}"
        return f"update {self._pick(_TABLES)} set {sets}" + self._maybe(
            0.6, lambda: f" where {self._expression(1)}"
        )

    def _delete(self) -> str:
        return f"delete from {self._pick(_TABLES)}" + self._maybe(
            0.8, lambda: f" where {self._expression(1)}"
        )

    def _merge(self) -> str:
        update = f" when matched then update set a = {self._expression(2)}"
        insert = f" when not matched then insert (a, b) values ({self._expression(2)}, 1)"
        return f"merge into t as x using u as y on (x.a = y.a){self._pick((update, insert, update + insert))}"
