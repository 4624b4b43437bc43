"""How Dremio's grammar writes types that sqlglot's does not know so: BINARY VARYING, LIST<INT>, ROW(a INT).

Brackets may be round or angled, and members may be followed by NULL or NOT NULL, which changes nothing.
"""

from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dremio import Dremio
from sqlglot.tokens import TokenType

LISTS = ("LIST", "ARRAY")
STRUCTS = ("ROW", "STRUCT")
NESTED = (*LISTS, *STRUCTS, "MAP")
_VARYING = {"BINARY": exp.DType.VARBINARY, "CHAR": exp.DType.VARCHAR, "CHARACTER": exp.DType.VARCHAR}


class TryConvertFrom(exp.Expression):
    """TRY_CONVERT_FROM(this AS to)."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "to": True}


class TypeParser(Dremio.Parser):
    """Where a type is expected, it is one of Dremio's."""

    def _parse_types(
        self,
        check_func: bool = False,
        schema: bool = False,
        allow_identifiers: bool = True,
        with_collation: bool = False,
    ) -> exp.Expr | None:
        # With `check_func` it may be a function as well, which only DATE and its like are.
        kind = None if check_func else self._parse_own_type()
        return kind or super()._parse_types(check_func, schema, allow_identifiers, with_collation)

    def _parse_own_type(self) -> exp.DataType | None:
        word, after = self._plain_word(self._curr), self._plain_word(self._next)
        if word in _VARYING and after == "VARYING":
            self._advance(2)
            return exp.DataType(this=_VARYING[word], expressions=self._parse_size())
        if word not in NESTED or after not in ("(", "<"):
            return None
        self._advance(2)
        if word in STRUCTS:
            kind = exp.DataType(this=exp.DType.STRUCT, expressions=self._parse_csv(self._parse_member))
        elif word in LISTS:
            kind = exp.DataType(this=exp.DType.ARRAY, expressions=[self._parse_member_type()])
        else:
            key = self._parse_member_type()
            if not self._match(TokenType.COMMA):
                self.raise_error("A map has a type of keys and a type of values")
            kind = exp.DataType(this=exp.DType.MAP, expressions=[key, self._parse_member_type()])
        kind.set("nested", True)
        if not self._match_set((TokenType.R_PAREN, TokenType.GT)):
            self.raise_error("The type has no closing bracket")
        return kind

    def _parse_size(self) -> list[exp.Expr]:
        if not self._match(TokenType.L_PAREN):
            return []
        size = self._parse_csv(self._parse_type_size)
        self._match_r_paren()
        return size

    def _parse_member(self) -> exp.ColumnDef:
        name = self._parse_id_var()
        self._match(TokenType.COLON)
        return exp.ColumnDef(this=name, kind=self._parse_member_type())

    def _parse_member_type(self) -> exp.Expr | None:
        kind = self._parse_types()
        if kind is None:
            self.raise_error("A type is expected")
        self._match(TokenType.NOT)
        self._match(TokenType.NULL)
        return kind

    @staticmethod
    def _plain_word(token: object) -> str:
        """A word or a sign in upper case; empty for a name in quotes and for a text."""
        kind = getattr(token, "token_type", None)
        quoted = kind in (None, TokenType.IDENTIFIER, TokenType.STRING)
        return "" if quoted else str(getattr(token, "text", "")).upper()
