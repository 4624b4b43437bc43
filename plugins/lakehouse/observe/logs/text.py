"""From bytes to text that can be shown and searched."""

from __future__ import annotations

import re
from typing import Final

_ANSI: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff]|[\ud800-\udfff]")
_MOST_UNREADABLE: Final = 0.3


def readable(raw: bytes) -> str:
    """The text without colors and control characters; lines that are mostly not text are only described."""
    decoded = raw.decode("utf-8", "replace")
    if "\ufffd" in decoded and b"\n" in raw.rstrip(b"\n"):
        return "\n".join(map(_readable, raw.split(b"\n")))
    return _readable(raw)


def _readable(raw: bytes) -> str:
    decoded = raw.decode("utf-8", "replace")
    plain = without_control(decoded)
    broken = decoded.count("\ufffd")
    if broken and broken + len(decoded) - len(plain) > _MOST_UNREADABLE * len(decoded):
        return f"binary data, {len(raw)} bytes"
    return plain


def without_control(text: str) -> str:
    """The text as a terminal without colors shows it; line breaks and tabs stay."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    return _CONTROL.sub("", _ANSI.sub("", text)) if not text.isprintable() else text
