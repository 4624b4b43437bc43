"""A query's tokens as words: what each is, and whether a value may end with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokens import Token, TokenType

from dremio_engine.sql.refusals.reserved_words import is_reserved


@dataclass(frozen=True)
class Word:
    """`text` is in upper case unless it is a literal or in quotes; `written` is how the query has it."""

    text: str
    start: int
    written: str
    kind: TokenType

    @property
    def is_symbol(self) -> bool:
        """An operator, a bracket, a comma."""
        literal = self.kind in (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER)
        return not literal and not (self.text[:1].isalnum() or self.text[:1] in ("_", "$"))

    @property
    def ends_value(self) -> bool:
        """Whether it can be the last word of a value: a name, a literal, a closing bracket."""
        if self.kind in (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER):
            return True
        return self.text in (")", "]", "END", "NULL", "TRUE", "FALSE") or not (
            self.is_symbol or is_reserved(self.text)
        )


_NAMES_AND_TEXTS = (TokenType.IDENTIFIER, TokenType.STRING)
NONE = Word("", 0, "", TokenType.UNKNOWN)


class Words:
    """Words by their number; there is an empty one before the first and behind the last."""

    def __init__(self, tokens: Sequence[Token], sql: str) -> None:
        self._words = [word for token in tokens for word in _words(token, sql)]
        self._plain = ["" if word.kind in _NAMES_AND_TEXTS else word.text for word in self._words]

    def __getitem__(self, index: int) -> Word:
        return self._words[index] if 0 <= index < len(self._words) else NONE

    def __len__(self) -> int:
        return len(self._words)

    def plain(self, index: int) -> str:
        """What a word is; empty for a name in quotes and for a text, for neither is a keyword."""
        return self._plain[index] if 0 <= index < len(self._plain) else ""

    def begin(self, start: int, phrase: tuple[str, ...]) -> bool:
        """Whether these words follow from there on."""
        return all(self.plain(start + offset) == word for offset, word in enumerate(phrase))

    def written(self, first: int, last: int, sql: str) -> str:
        """A stretch of the query as it was written."""
        end = self[last].start + len(self[last].written)
        return sql[self[first].start : end]


def _words(token: Token, sql: str) -> list[Word]:
    """A token; several if it is more than one word, as GROUP BY is."""
    written, kind = sql[token.start : token.end + 1], token.token_type
    if kind in _NAMES_AND_TEXTS:
        return [Word(token.text, token.start, written, kind)]
    parts = written.split()
    if len(parts) == 1 or kind == TokenType.NUMBER:
        return [Word(written.upper(), token.start, written, kind)]
    found, at = [], 0
    for part in parts:
        at = written.index(part, at)
        found.append(Word(part.upper(), token.start + at, part, kind))
        at += len(part)
    return found
