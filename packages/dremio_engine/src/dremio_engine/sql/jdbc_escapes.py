"""JDBC's escapes, which Dremio's grammar has too: {d '2025-01-31'}, {t ..}, {ts ..} and {fn f(..)}."""

from sqlglot import exp
from sqlglot.tokens import TokenType

from dremio_engine.sql.data_types.type_syntax import TypeParser

_MOMENTS = {"D": exp.DType.DATE, "T": exp.DType.TIME, "TS": exp.DType.TIMESTAMP}
_FUNCTION = "FN"
ESCAPES = frozenset([*_MOMENTS, _FUNCTION])
_NAMES = {"CURDATE": "CURRENT_DATE", "CURTIME": "CURRENT_TIME"}
_TYPES = {
    **{
        f"SQL_{name}": exp.DType[name]
        for name in (
            "BIGINT",
            "BOOLEAN",
            "DATE",
            "DECIMAL",
            "DOUBLE",
            "TIME",
            "TIMESTAMP",
            "VARBINARY",
            "VARCHAR",
        )
    },
    "SQL_CHAR": exp.DType.VARCHAR,
    "SQL_FLOAT": exp.DType.FLOAT,
    "SQL_INTEGER": exp.DType.INT,
    "SQL_NUMERIC": exp.DType.DECIMAL,
    "SQL_REAL": exp.DType.FLOAT,
}


class EscapeParser(TypeParser):
    """Where a value may stand, an escape may."""

    def _parse_primary(self) -> exp.Expr | None:
        if self._match(TokenType.L_BRACE):
            return self._parse_jdbc_escape()
        return super()._parse_primary()

    def _parse_jdbc_escape(self) -> exp.Expr | None:
        word = self._plain_word(self._curr)
        self._advance()
        if word in _MOMENTS:
            text = self._parse_string()
            if text is None:
                self.raise_error("A text is expected here")
            value: exp.Expr | None = exp.Cast(this=text, to=exp.DataType(this=_MOMENTS[word]))
        else:
            value = self._parse_function(any_token=True) if word == _FUNCTION else None
            if value is None:
                self.raise_error("A call of a function is expected here")
        if not self._match(TokenType.R_BRACE):
            self.raise_error("The escape has no closing brace")
        return _without_jdbc_names(value) if word == _FUNCTION else value


def _without_jdbc_names(call: exp.Expr | None) -> exp.Expr | None:
    """A call by the names that JDBC has and SQL does not."""
    if not isinstance(call, exp.Anonymous):
        return call
    name, arguments = call.name.upper(), call.expressions
    if name in _NAMES:
        call.set("this", _NAMES[name])
    elif name == "CONVERT" and len(arguments) == 2 and arguments[1].name.upper() in _TYPES:
        return exp.Cast(this=arguments[0], to=exp.DataType(this=_TYPES[arguments[1].name.upper()]))
    return call
