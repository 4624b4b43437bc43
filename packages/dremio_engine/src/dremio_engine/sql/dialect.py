"""The parser: sqlglot's Dremio dialect with every function left as it was written.

sqlglot turns known functions into typed nodes and gets several of Dremio's wrong without saying so
(TIMESTAMPDIFF's order, formats of TO_CHAR and TO_TIMESTAMP). Here a function stays a name and its
arguments until `functions/` has decided what it means; what that table does not list is refused.
"""

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.dremio import Dremio
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokens import Token, TokenType

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.data_types.type_syntax import TryConvertFrom
from dremio_engine.sql.jdbc_escapes import EscapeParser
from dremio_engine.sql.refusals.faults import Fault

_SPECIAL_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "CEIL", "FLOOR", "OVERLAY")
# What the parser says when it only knows that something is wrong; else it may name its own classes.
_SAYS_NOTHING = ("Invalid expression / Unexpected token",)
# Characters of a call that has too many arguments.
_SHOWN = 60
_BRANCHING = ("BRANCH", "TAG", "COMMIT", "REFERENCE", "REF")


class _Parser(EscapeParser):
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: rule for name, rule in Dremio.Parser.FUNCTION_PARSERS.items() if name in _SPECIAL_SYNTAX
    }

    FUNCTION_PARSERS["TRY_CONVERT_FROM"] = lambda self: self._parse_try_convert_from()

    def _parse_alias(self, this: exp.Expr | None, explicit: bool = False) -> exp.Expr | None:
        announced = self._curr is not None and self._curr.token_type == TokenType.ALIAS
        aliased = super()._parse_alias(this, explicit)
        if announced and aliased is this:
            self.raise_error("A name is expected after AS")
        return aliased

    def _parse_position(self, haystack_first: bool = False) -> exp.StrPosition:
        found = super()._parse_position(haystack_first)
        if self._match(TokenType.FROM):
            found.set("position", self._parse_bitwise())
        return found

    def _parse_try_convert_from(self) -> exp.Expr:
        name = self._tokens[self._index - 2]
        value = self._parse_disjunction()
        if not self._match(TokenType.ALIAS):
            others = self._parse_csv(self._parse_disjunction) if self._match(TokenType.COMMA) else []
            call = exp.Anonymous(this="TRY_CONVERT_FROM", expressions=[value, *others])
            return call.update_positions(name)
        kind = self._parse_types()
        while self._match_text_seq("ARRAY"):
            kind = exp.DataType(this=exp.DType.ARRAY, expressions=[kind], nested=True)
        if not isinstance(kind, exp.DataType):
            self.raise_error("A type is expected after AS")
        return TryConvertFrom(this=value, to=kind)

    def _parse_overlay(self) -> exp.Overlay:
        text = self._parse_bitwise()
        parts = {}
        for word, name in (("PLACING", "expression"), ("FROM", "from_"), ("FOR", "for_")):
            if self._match_text_seq(word):
                parts[name] = self._parse_bitwise()
            elif word != "FOR":
                self.raise_error(f"OVERLAY needs {word} here")
        return exp.Overlay(this=text, **parts)

    def _parse_primary(self) -> exp.Expr | None:
        # VALUES is a reserved word; without a bracket behind it, it would be taken for a column.
        if self._match(TokenType.VALUES, advance=False):
            return self._parse_derived_table_values()
        return super()._parse_primary()

    def _parse_value(self, values: bool = True) -> exp.Tuple | None:
        if self._next is not None and self._next.token_type == TokenType.L_PAREN:
            self._match(TokenType.ROW)
        return super()._parse_value(values)

    def _parse_limit(
        self, this: exp.Expr | None = None, top: bool = False, skip_limit_token: bool = False
    ) -> exp.Expr | None:
        if self._match_text_seq("LIMIT", "ALL"):
            return this
        return super()._parse_limit(this, top, skip_limit_token)

    def _parse_pivot(self) -> exp.Pivot | None:
        pivot = super()._parse_pivot()
        if pivot is not None:
            pivot.set("columns", None)  # names that sqlglot thinks the result has
        return pivot

    def _parse_version(self) -> exp.Version | None:
        for word in _BRANCHING:
            at = self._curr
            if self._match_text_seq("AT", word):
                column = at.col - len(at.text) + 1
                raise Unsupported(
                    f"AT {word} at line {at.line}, column {column} is not supported by the embedded engine:"
                    " its tables have snapshots, not branches and tags."
                )
        return super()._parse_version()


class _Tokenizer(Dremio.Tokenizer):
    # Else the rest of SHOW and EXPLAIN would be one token of raw text.
    COMMANDS: ClassVar[set[TokenType]] = set()
    KEYWORDS: ClassVar[dict[str, TokenType]] = {**Dremio.Tokenizer.KEYWORDS, "MINUS": TokenType.EXCEPT}


class _Generator(DuckDB.Generator):
    """DuckDB's SQL as the translator built it; sqlglot's own versions drop or move these two."""

    def withingroup_sql(self, expression: exp.WithinGroup) -> str:
        if not expression.this.name.lower().startswith("percentile_"):
            return super().withingroup_sql(expression)
        order = self.sql(expression, "expression").strip()
        return f"{self.sql(expression, 'this')} WITHIN GROUP ({order})"

    def ignorenulls_sql(self, expression: exp.IgnoreNulls) -> str:
        return f"{self.sql(expression, 'this')} IGNORE NULLS"


class OutputDialect(DuckDB):
    """What the translator writes. Not registered under a name of its own either."""

    Generator = _Generator


class EngineDialect(Dremio):
    """Not registered under a name of its own: pass the class to sqlglot."""

    Tokenizer = _Tokenizer
    Parser = _Parser


def tokens_of(sql: str) -> list[Token]:
    """The statement's tokens, comments gone, a closing semicolon dropped. Raises InvalidStatement."""
    try:
        found = EngineDialect().tokenize(sql)
    except SqlglotError as error:
        raise InvalidStatement(f"PARSE ERROR: {_plain(error)}") from error
    while found and found[-1].text == ";":
        found.pop()
    return found


def parse_fresh(tokens: list[Token], sql: str) -> exp.Expr:
    """The tree of one statement, parsed now; `parsed.py` keeps the trees. Raises InvalidStatement.

    Its nodes know where they stand in the text.
    """
    try:
        statements = [s for s in EngineDialect().parser().parse(tokens, sql) if s is not None]
    except ParseError as error:
        raise _fault(error, sql).error(sql) from error
    except SqlglotError as error:
        raise InvalidStatement(f"PARSE ERROR: Failure parsing the query. {_plain(error)}") from error
    if len(statements) != 1:
        raise InvalidStatement("PARSE ERROR: exactly one statement is expected.")
    return statements[0]


def without_places(tree: exp.Expr) -> exp.Expr:
    """The tree, in which only functions know where they stand: copying places costs more than the tree."""
    for node in tree.walk():
        if not isinstance(node, exp.Func):
            node._meta = None
    return tree


def _fault(error: ParseError, sql: str) -> Fault:
    """The first thing that the parser could not place."""
    first = error.errors[0]
    text, above = first["highlight"], sql.split("\n")[: first["line"] - 1]
    # The parser counts columns to a word's end.
    start = sum(len(line) + 1 for line in above) + first["col"] - len(text)
    reason = str(first["description"])
    if "<" in reason or reason in _SAYS_NOTHING:
        reason = "it cannot stand here"
    elif reason.startswith("The number of provided arguments"):
        reason += f" in [{sql[: start + len(text)][-_SHOWN:]}]"
    # A keyword keeps its case.
    begins = reason[:1] if reason[:2].isupper() else reason[:1].lower()
    return Fault(start, text, begins + reason[1:])


def _plain(error: Exception) -> str:
    return re.sub(r"\x1b\[\d*m", "", str(error)).strip().replace("\n", " ")
