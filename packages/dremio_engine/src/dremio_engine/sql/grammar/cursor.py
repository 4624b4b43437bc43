"""A place in a statement's words, and what may come next."""

import re
from collections.abc import Callable, Container
from typing import NoReturn

from sqlglot.tokens import TokenType

from dremio_engine.sql.refusals.reserved_words import is_reserved, why_reserved
from dremio_engine.sql.refusals.words import Word, Words

# What stands for a name in quotes, a text, a number: none of them is a keyword.
QUOTED, TEXT, NUMBER, END, ODD = '"', "'", "0", "", "\0"
# How many words a look ahead may pass.
_FARTHEST = 8
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NAME = re.compile(r"[^\W\d]\w*")
_TEXT = re.compile(r"([nNxX]|[uU]&)?'.*'", re.DOTALL)


class Stopped(Exception):
    """The grammar has no place for the word with this number.

    `elsewhere`: what it begins has a place, but a different one.
    """

    def __init__(self, at: int, reason: str, elsewhere: bool) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason
        self.elsewhere = elsewhere


class Cursor:
    """Reads words in order; every method that does not find what must be there raises Stopped."""

    def __init__(self, words: Words) -> None:
        self._words = [_kind(words[at]) for at in range(len(words))] + [END] * _FARTHEST
        self._written = [words[at].written for at in range(len(words))]
        self.at = 0
        self.queries_may_stand_here = True

    @property
    def word(self) -> str:
        """The next word in upper case, or what stands for it (QUOTED, TEXT, NUMBER, END)."""
        return self._words[self.at]

    def ahead(self, offset: int) -> str:
        """The word that many places on."""
        return self._words[self.at + offset]

    @property
    def written(self) -> str:
        """The next word as the statement has it; empty at the end."""
        return self._written[self.at] if self.at < len(self._written) else ""

    def inside(self, read: "Callable[[Cursor], object]", queries: bool = True) -> None:
        """Read something in which queries in brackets may stand, or may not."""
        before = self.queries_may_stand_here
        self.queries_may_stand_here = queries
        read(self)
        self.queries_may_stand_here = before

    def next(self, words: int = 1) -> None:
        """Pass so many words."""
        self.at += words

    def accept(self, *phrase: str) -> bool:
        """Pass these words if all of them come next."""
        if self._words[self.at] != phrase[0]:
            return False
        if any(self.ahead(offset) != word for offset, word in enumerate(phrase)):
            return False
        self.at += len(phrase)
        return True

    def accept_one(self, words: Container[str]) -> bool:
        """Pass the next word if it is one of these."""
        if self.word not in words:
            return False
        self.at += 1
        return True

    def expect(self, *phrase: str) -> None:
        """Pass these words."""
        for word in phrase:
            if self.word != word:
                self.stop()
            self.at += 1

    def is_name(self, offset: int = 0) -> bool:
        """Whether a name comes next: in quotes, or a word that is not reserved."""
        word = self.ahead(offset)
        return word == QUOTED or (_NAME.fullmatch(word) is not None and not is_reserved(word))

    def name(self) -> None:
        """A name."""
        if not self.is_name():
            self.stop()
        self.at += 1

    def path(self) -> None:
        """Names with dots between."""
        self.name()
        while self.accept("."):
            self.name()

    def names(self) -> None:
        """(a, b, ..)."""
        self.expect("(")
        self.listed(Cursor.name)
        self.expect(")")

    def text(self) -> None:
        """A text in apostrophes."""
        self.expect(TEXT)

    def listed(self, one: "Callable[[Cursor], object]") -> None:
        """One, or several with commas between."""
        one(self)
        while self.accept(","):
            one(self)

    def stop(self, reason: str = "", at: int | None = None, elsewhere: bool = False) -> NoReturn:
        """The next word, or the one with this number, cannot stand where it stands."""
        at = self.at if at is None else at
        word = self._words[at]
        if not reason and word == END:
            reason = "the statement ends too early"
        elif not reason and _NAME.fullmatch(word) and is_reserved(word):
            reason = why_reserved(self._written[at])
        raise Stopped(at, reason or "it cannot stand here", elsewhere)


def _kind(word: Word) -> str:
    if word.kind == TokenType.IDENTIFIER:
        return QUOTED if word.text else ODD
    if word.kind == TokenType.NUMBER:
        return NUMBER if _NUMBER.fullmatch(word.written) else ODD
    if _TEXT.fullmatch(word.written):
        return TEXT
    return word.text.upper() if word.text == word.written.upper() else ODD
