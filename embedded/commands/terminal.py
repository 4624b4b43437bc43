"""Colours, where a terminal shows them."""

from __future__ import annotations

import os
import sys
from typing import TextIO

PALETTE = {"bold": "1", "red": "1;31", "green": "32", "dim": "2"}


def green(text: str) -> str:
    return _painted(text, "green", sys.stdout)


def bold(text: str) -> str:
    return _painted(text, "bold", sys.stdout)


def dim(text: str) -> str:
    return _painted(text, "dim", sys.stdout)


def red(text: str, stream: TextIO | None = None) -> str:
    """For standard output, unless it is said where to."""
    return _painted(text, "red", stream or sys.stdout)


def _painted(text: str, colour: str, stream: TextIO) -> str:
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{PALETTE[colour]}m{text}\x1b[0m"
