"""Expressions: operands and the operators between them, whatever binds tighter."""

from dremio_engine.sql.grammar import calls, queries
from dremio_engine.sql.grammar.cursor import NUMBER, TEXT, Cursor
from dremio_engine.sql.grammar.units import interval, interval_qualifier, moment

_COMPARISONS = frozenset(["=", "<", ">", "<=", ">=", "<>", "!="])
_BETWEEN_OPERANDS = _COMPARISONS | {"+", "-", "*", "/", "%", "||", "AND", "OR", "OVERLAPS"}
_SEVERAL = ("ANY", "SOME", "ALL")
_CONSTANTS = ("TRUE", "FALSE", "UNKNOWN", "NULL")
_MOMENTS = ("DATE", "TIME", "TIMESTAMP")
_ESCAPED_MOMENTS = {"D": "DATE", "T": "TIME", "TS": "TIMESTAMP"}
_SIGNS = ("+", "-", "NOT")


def expression(c: Cursor) -> bool:
    """An expression; whether it is a query in brackets and nothing more."""
    is_query = _operand(c)
    operators = _Operators(c)
    if not operators.read_one():
        return is_query
    while operators.read_one():
        pass
    operators.finish()
    return False


class _Operators:
    """The operators of one expression, each with what stands right of it."""

    def __init__(self, c: Cursor) -> None:
        self._c = c
        self._ranges = 0
        self._patterns = 0

    def read_one(self) -> bool:
        """One operator; whether there was one."""
        c, word = self._c, self._c.word
        if word in _BETWEEN_OPERANDS:
            self._between_operands(word)
        elif word == "[":
            _subscript(c)
        elif word == "IS":
            _is(c)
        elif word == "ESCAPE" and self._patterns:
            self._patterns -= 1
            c.next()
            primary(c)
        elif word in ("NOT", "IN", "BETWEEN", "LIKE", "SIMILAR"):
            c.accept("NOT")
            self._predicate()
        else:
            return False
        return True

    def finish(self) -> None:
        """Every BETWEEN has had its AND."""
        if self._ranges:
            self._c.stop("BETWEEN needs AND")

    def _between_operands(self, word: str) -> None:
        c = self._c
        c.next()
        if word == "AND" and self._ranges:
            self._ranges -= 1
        if word in _COMPARISONS and c.ahead(1) == "(" and c.accept_one(_SEVERAL):
            values(c)
        else:
            c.inside(_operand)

    def _predicate(self) -> None:
        c = self._c
        if c.accept("IN"):
            values(c)
        elif c.accept("BETWEEN"):
            c.accept_one(("SYMMETRIC", "ASYMMETRIC"))
            self._ranges += 1
            c.inside(_operand)
        elif c.accept("LIKE"):
            self._patterns += 1
            if c.accept_one(_SEVERAL):
                values(c)
            else:
                c.inside(_operand)
        else:
            c.expect("SIMILAR", "TO")
            self._patterns += 1
            c.inside(_operand)


def values(c: Cursor) -> None:
    """(a query) or (a, b, ..)."""
    c.inside(_values)


def _values(c: Cursor) -> None:
    c.expect("(")
    queries.ordered(c)
    while c.accept(","):
        expression(c)
    c.expect(")")


def expressions(c: Cursor) -> None:
    """One, or several with commas between."""
    c.listed(expression)


def order_by(c: Cursor) -> None:
    """ORDER BY, if it comes next."""
    if c.accept("ORDER", "BY"):
        c.listed(_order_item)


def _order_item(c: Cursor) -> None:
    expression(c)
    c.accept_one(("ASC", "DESC"))
    if c.accept("NULLS") and not c.accept_one(("FIRST", "LAST")):
        c.stop()


def _operand(c: Cursor) -> bool:
    """Signs, then something that has a value; whether it is a query in brackets."""
    start = c.at
    while c.accept_one(_SIGNS):
        pass
    if c.accept("EXISTS"):
        bracket = c.at
        if c.word != "(" or not primary(c):
            c.stop("EXISTS needs a query in brackets", bracket)
        return False
    signed = c.at > start
    is_query = primary(c)
    end = c.at
    while c.word in (".", "["):
        if c.word == "[":
            _subscript(c)
            continue
        c.next()
        c.name()
        if c.word == "(":
            calls.arguments(c)
    return is_query and not signed and c.at == end


def _subscript(c: Cursor) -> None:
    c.expect("[")
    c.inside(expression)
    c.expect("]")


def _is(c: Cursor) -> None:
    c.expect("IS")
    c.accept("NOT")
    if c.accept("DISTINCT", "FROM"):
        c.inside(_operand)
    elif not c.accept_one(_CONSTANTS):
        c.stop()


def primary(c: Cursor) -> bool:
    """Something that has a value; whether it is a query in brackets."""
    word = c.word
    if word == "(":
        return _in_brackets(c)
    if word == TEXT:
        while c.accept(TEXT):
            pass
    elif word == NUMBER or word in _CONSTANTS or word == "?":
        c.next()
    elif word in _MOMENTS and c.ahead(1) == TEXT:
        c.next()
        moment(c, word)
    elif word == "INTERVAL":
        interval(c)
    elif word == "CASE":
        c.inside(_case)
    elif word == "{":
        _escaped(c)
    elif word == "ROW" and c.ahead(1) == "(":
        c.next()
        # Calcite's parser takes a name here for the first of a list of names.
        if c.is_name(1):
            c.names()
        else:
            values(c)
    elif word == "ARRAY" or (word == "MAP" and c.ahead(1) == "["):
        _collection(c)
    else:
        calls.name_or_call(c)
    return False


def _in_brackets(c: Cursor) -> bool:
    bracket = c.at
    c.expect("(")
    is_query = queries.ordered(c)
    if is_query and not c.queries_may_stand_here:
        c.stop("a query cannot begin ARRAY[..]; write ARRAY(a query)", bracket)
    several = c.word == ","
    while c.accept(","):
        expression(c)
    c.expect(")")
    if interval_qualifier(c):
        return False
    return is_query and not several


def _case(c: Cursor) -> None:
    c.expect("CASE")
    if c.word != "WHEN":
        expression(c)
    while True:
        c.expect("WHEN")
        expressions(c)
        c.expect("THEN")
        expression(c)
        if c.word != "WHEN":
            break
    if c.accept("ELSE"):
        expression(c)
    c.expect("END")


def _escaped(c: Cursor) -> None:
    """{d '2025-10-16'}, {fn name(..)}."""
    c.expect("{")
    if c.accept("FN"):
        calls.escaped(c)
    elif (kind := _ESCAPED_MOMENTS.get(c.word)) is not None:
        c.next()
        moment(c, kind)
    else:
        c.stop("there are no literals of structs and maps")
    c.expect("}")


def _collection(c: Cursor) -> None:
    """ARRAY[..], ARRAY(a query), MAP[..]."""
    c.next()
    if c.word == "(":
        bracket = c.at
        if not _in_brackets(c):
            c.stop("write ARRAY[..]", bracket)
        return
    c.expect("[")
    if c.word != "]":
        # Calcite's parser lets no query begin the first element, and any begin the others.
        c.inside(expression, queries=False)
        while c.accept(","):
            c.inside(expression)
    c.expect("]")
