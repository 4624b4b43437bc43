"""A cursor over a statement's tokens."""

import re

from sqlglot.tokens import Token, TokenType

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.paths import Path
from dremio_engine.sql.dialect import tokens_of
from dremio_engine.sql.refusals.faults import Fault, place
from dremio_engine.sql.refusals.reserved_words import is_reserved, why_reserved

# Parsing costs some 30 microseconds a word, and no other statement parses meanwhile.
MOST_WORDS = 100_000


class Reader:
    """A cursor over tokens that can give back the raw text of what it has not read."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = tokens_of(sql)
        self._at = 0
        if len(self._tokens) > MOST_WORDS:
            raise InvalidStatement(f"PARSE ERROR: the statement has more than {MOST_WORDS} words.")
        for token in self._tokens:
            if token.token_type == TokenType.SEMICOLON:
                raise Unsupported("PARSE ERROR: several statements in one call are not supported.")

    @property
    def done(self) -> bool:
        """Nothing is left."""
        return self._at >= len(self._tokens)

    @property
    def peek(self) -> str:
        """The next token's text, empty at the end."""
        return "" if self.done else self._tokens[self._at].text

    @property
    def before(self) -> str:
        """The text of the token that was read last."""
        return self._tokens[self._at - 1].text if self._at else ""

    @property
    def is_call(self) -> bool:
        """Whether a bracket follows the next token."""
        return self._at + 1 < len(self._tokens) and self._tokens[self._at + 1].text == "("

    def position(self) -> str:
        """Where the next token stands."""
        if self.done:
            return " at the end"
        return f" at {place(self._sql, self._tokens[self._at].start)}"

    def next(self) -> Token:
        """Read one token."""
        if self.done:
            raise InvalidStatement("PARSE ERROR: the statement ends too early.")
        self._at += 1
        return self._tokens[self._at - 1]

    def accept(self, *words: str) -> bool:
        """Read these words if they come next (they may stand in one token, as GROUP BY does)."""
        start, wanted = self._at, [w.upper() for w in words]
        while wanted and not self.done and self._tokens[self._at].token_type != TokenType.IDENTIFIER:
            parts = self._tokens[self._at].text.upper().split()
            if wanted[: len(parts)] != parts or not parts:
                break
            wanted = wanted[len(parts) :]
            self._at += 1
        if wanted:
            self._at = start
        return not wanted

    def expect(self, *words: str) -> None:
        """Read these words or raise InvalidStatement."""
        if not self.accept(*words):
            raise InvalidStatement(
                f"PARSE ERROR: expected {' '.join(words)}, found [{self.peek}]{self.position()}."
            )

    def name(self) -> str:
        """One identifier."""
        if (
            not self.done
            and self._tokens[self._at].token_type != TokenType.IDENTIFIER
            and is_reserved(self.peek)
        ):
            token = self._tokens[self._at]
            raise Fault(token.start, self.peek, why_reserved(self.peek)).error(self._sql)
        return self.word()

    def word(self) -> str:
        """One identifier, which may be a reserved word."""
        token = self.next()
        if token.token_type == TokenType.STRING or not token.text or token.text in "()=,.;*":
            self._at -= 1
            raise InvalidStatement(f"PARSE ERROR: expected a name, found [{token.text}]{self.position()}.")
        return token.text

    def text(self) -> str:
        """One text in apostrophes, without them."""
        if self.done or self._tokens[self._at].token_type != TokenType.STRING:
            raise InvalidStatement(
                f"PARSE ERROR: expected a text in apostrophes, found [{self.peek}]{self.position()}."
            )
        return self.next().text

    def until_options(self, names: tuple[str, ...]) -> str:
        """The raw text from here to the end, or to a bracket behind which one of these words comes."""
        if self.done:
            raise InvalidStatement("PARSE ERROR: the statement ends too early.")
        start, at = self._at, self._at
        while at < len(self._tokens):
            follows = self._tokens[at + 1].text.upper() if at + 1 < len(self._tokens) else ""
            if at > start and self._tokens[at].text == "(" and follows in names:
                break
            at += 1
        self._at = at
        return self._sql[self._tokens[start].start : self._tokens[at - 1].end + 1]

    def path(self) -> Path:
        """Identifiers with dots between."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def rest(self) -> str:
        """The raw text from here to the end (without a closing semicolon)."""
        if self.done:
            raise InvalidStatement("PARSE ERROR: the statement ends too early.")
        start, end = self._tokens[self._at].start, self._tokens[-1].end
        self._at = len(self._tokens)
        return self._sql[start : end + 1]

    def enclosed(self) -> str:
        """The raw text between a bracket here and its partner."""
        return self._within("(", ")")

    def _within(self, opening: str, closing: str) -> str:
        self.expect(opening)
        start, depth = self._tokens[self._at - 1].end + 1, 1
        while depth:
            token = self.next()
            if token.token_type != TokenType.STRING:
                depth += {opening: 1, closing: -1}.get(token.text, 0)
        return self._sql[start : self._tokens[self._at - 1].start]

    def names(self) -> tuple[str, ...]:
        """(a, b, ..)."""
        self.expect("(")
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        self.expect(")")
        return tuple(found)

    def columns(self) -> tuple[tuple[str, str], ...]:
        """(name type, ..): types as text, empty where only the name stands."""
        self.expect("(")
        found = []
        while True:
            name = self.name()
            found.append((name, "" if self.peek in (",", ")") else self.type()))
            if not self.accept(","):
                break
        self.expect(")")
        return tuple(found)

    def type(self) -> str:
        """A type: words, then perhaps (n, m) or <a type>."""
        words = [self.word()]
        while (
            not self.done
            and re.fullmatch(r"[A-Za-z]+", self.peek)
            and self.peek.upper() not in ("NOT", "NULL", "DEFAULT", "RETURN")
        ):
            words.append(self.word())
        text = " ".join(words)
        if self.peek == "(":
            text += f"({self.enclosed()})"
        elif self.peek == "<":
            text += f"<{self._within('<', '>')}>"
        if self.accept("NOT"):
            self.expect("NULL")
        else:
            self.accept("NULL")
        return text
