r"""Airbyte's globs: which names a pattern covers.

Airbyte matches with wcmatch and its flag GLOBSTAR. `*` and `?` stay within a folder, `**` crosses folders;
`[0-9]`, `[!ab]`, `[^ab]` and `[[:digit:]]` are one character. None of them stands for the dot at the start
of a name; `\` takes the next character as it is. `{a,b}` and `a|b`, which are alternatives under wcmatch's
flags BRACE and SPLIT, are so here as well.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

MOST_ALTERNATIVES = 1000
"""Braces multiply: `{a,b}{c,d}` are four patterns."""
_NOT_HIDDEN = r"(?!\.)"
_FOLDERS = rf"(?:{_NOT_HIDDEN}[^/]*/)*"
_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\r\n\v\f",
    "upper": "A-Z",
    "word": "a-zA-Z0-9_",
    "xdigit": "a-fA-F0-9",
}
_BRACKET = re.compile(
    r"\[(?P<not>[!^]?)(?P<members>\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]",
    re.DOTALL,
)
_MEMBER = re.compile(
    r"\[:(?P<class>[a-z]+):\]|(?P<low>\\.|[^\\])-(?P<high>\\.|[^\\\]])|(?P<one>\\.|.)", re.DOTALL
)


class GlobError(ValueError):
    """A pattern that cannot be used."""


@functools.lru_cache(maxsize=1024)
def pattern_of(glob: str) -> re.Pattern[str]:
    """A regular expression whose `fullmatch` is the glob's. Raises GlobError."""
    plain: list[str] = []
    for alternative in _split(glob, "|"):
        for expanded in _expanded(alternative):
            plain.append(_path(expanded))
            if len(plain) > MOST_ALTERNATIVES:
                raise GlobError(f"the glob {glob!r} has more than {MOST_ALTERNATIVES} alternatives")
    return re.compile("|".join(plain), re.DOTALL)


def unmatched(globs: Sequence[str], names: Iterable[str]) -> list[str]:
    """The globs that cover none of the names."""
    names = list(names)
    return [glob for glob in globs if not any(map(pattern_of(glob).fullmatch, names))]


def _split(text: str, separator: str) -> list[str]:
    """At separators that are in no braces, no brackets, and not escaped."""
    parts, start = [""], 0
    while start < len(text):
        piece = _piece(text, start)
        if piece == "{" and (end := _closing(text, start)) is not None:
            piece = text[start : end + 1]
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
        start += len(piece)
    return parts


def _piece(text: str, start: int) -> str:
    """An escaped character, a bracket, or one character."""
    if text[start] == "\\" and start + 1 < len(text):
        return text[start : start + 2]
    bracket = _BRACKET.match(text, start) if text[start] == "[" else None
    return bracket.group() if bracket else text[start]


def _expanded(glob: str) -> Iterator[str]:
    """Without braces, one pattern after the other."""
    start = 0
    while start < len(glob):
        piece = _piece(glob, start)
        if piece == "{" and (end := _closing(glob, start)) is not None:
            choices = _split(glob[start + 1 : end], ",")
            if len(choices) > 1:
                for choice in choices:
                    for rest in _expanded(choice + glob[end + 1 :]):
                        yield glob[:start] + rest
                return
        start += len(piece)
    yield glob


def _closing(glob: str, start: int) -> int | None:
    depth = 0
    while start < len(glob):
        piece = _piece(glob, start)
        depth += (piece == "{") - (piece == "}")
        if not depth:
            return start
        start += len(piece)
    return None


def _path(glob: str) -> str:
    *folders, name = glob.split("/")
    if not name and folders[-1:] == ["**"]:
        name = folders.pop()
    parts = [_FOLDERS if folder == "**" else _segment(folder) + "/" for folder in folders]
    last = f"{_FOLDERS}{_NOT_HIDDEN}[^/]*" if name == "**" else _segment(name)
    return "".join(parts) + last


def _segment(segment: str) -> str:
    """A folder or a name, in which `**` is no more than `*`."""
    pattern, start = "", 0
    while start < len(segment):
        piece = _piece(segment, start)
        if piece in ("*", "?") or (len(piece) > 1 and piece[0] == "["):
            pattern += "" if start else _NOT_HIDDEN
            one = {"*": "[^/]*", "?": "[^/]"}.get(piece) or _bracket(piece)
            # Two stars in a row would only make the search slow.
            pattern = pattern.removesuffix("[^/]*") + one if piece == "*" else pattern + one
        else:
            pattern += re.escape(piece[-1] if len(piece) == 2 else piece)
        start += len(piece)
    return pattern


def _bracket(text: str) -> str:
    found = _BRACKET.fullmatch(text)
    members = "".join(map(_member, _MEMBER.finditer(found["members"]))) if found else ""
    if found and found["not"]:
        return f"[^/{members}]"
    return f"(?!/)[{members}]" if members else r"(?!)"


def _member(member: re.Match[str]) -> str:
    if member["class"]:
        if member["class"] not in _CLASSES:
            raise GlobError(f"a glob has the unknown class [:{member['class']}:]")
        return _CLASSES[member["class"]]
    if member["low"] is None:
        return re.escape(member["one"][-1])
    low, high = member["low"][-1], member["high"][-1]
    return f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
