"""Reads a `.env` file: NAME=VALUE lines in the part of Compose's syntax that means the same to everybody.

| line | value |
|---|---|
| `NAME=text # comment` | `text`: without the blanks around it, and without a `#` after a blank |
| `NAME='text'` | all between the quotes; `\\'` is a quote |
| `NAME="text"` | the same with `\\"`, `\\\\`, `\\$`, `\\n`, `\\r` and `\\t` |
| `NAME=` | empty |

`export ` may stand before the name, and comments and blank lines anywhere. A `$` is a `$`: nothing is put in
its place. The standard library is all it uses.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from embedded.errors import PlatformError

_NAME: Final = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<rest>.*)")
_SINGLE: Final = re.compile(r"'(?P<text>(?:\\'|[^'])*)'")
_DOUBLE: Final = re.compile(r'"(?P<text>(?:\\.|[^"\\])*)"')
_ESCAPED: Final = re.compile(r"\\(.)")
_MEANING: Final = {"n": "\n", "r": "\r", "t": "\t"}
_COMMENT: Final = re.compile(r"\s+#.*")
_OTHERS: Final = 0o077


class EnvFileError(PlatformError):
    """A line that is not NAME=VALUE, or a file that cannot be read; the message says which."""


def read_env_file(path: Path) -> dict[str, str]:
    """The values by name. Raises EnvFileError, which never shows a value."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvFileError(f"{path} cannot be read: {error}") from None
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, value = _pair(stripped, f"{path}, line {number}")
        if name in found:
            raise EnvFileError(f"{path} sets {name} in line {lines[name]} and in line {number}: delete one")
        found[name], lines[name] = value, number
    return found


def readable_by_others(path: Path) -> bool:
    """May anybody but its owner read or change it?"""
    return bool(path.stat().st_mode & _OTHERS)


def _pair(line: str, where: str) -> tuple[str, str]:
    parts = _NAME.fullmatch(line)
    if not parts:
        raise EnvFileError(f"{where} is not NAME=VALUE")
    name, rest = parts["name"], parts["rest"]
    quote = rest[:1]
    if quote not in ("'", '"'):
        return name, _COMMENT.sub("", f" {rest}").strip()
    quoted = (_SINGLE if quote == "'" else _DOUBLE).match(rest)
    if not quoted:
        raise EnvFileError(f"{where}: the value of {name} has no closing {quote}")
    after = rest[quoted.end() :]
    if after.strip() and not _COMMENT.fullmatch(after):
        raise EnvFileError(f"{where}: the value of {name} goes on after its closing {quote}")
    if quote == "'":
        return name, quoted["text"].replace("\\'", "'")
    return name, _ESCAPED.sub(lambda pair: _MEANING.get(pair[1], _literal(pair[1])), quoted["text"])


def _literal(character: str) -> str:
    """What stands after a backslash that means nothing keeps its backslash."""
    return character if character in '"\\$' else f"\\{character}"
