"""The user's own values: `.env` at the repository's root, or the file that LAKEHOUSE_ENV_FILE names."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.plan import FileChange

_NAMED_BY: Final = "LAKEHOUSE_ENV_FILE"
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=?&-]*")
_HEADING: Final = "# Addresses and secrets of your sources. Not in git; only you may read it.\n"
HIDDEN: Final = "****"


def env_path(root: Path) -> Path:
    """Where the values are."""
    named = os.environ.get(_NAMED_BY, "").strip()
    return root / (named or ".env")


def read_values(root: Path) -> dict[str, str]:
    """What the variables are for a command: the file's values, replaced by what the shell exports."""
    path = env_path(root)
    written = dotenv_values(path, interpolate=False) if path.is_file() else {}
    # python-dotenv leaves the backslash before a dollar, which Compose and the embedded platform take away.
    plain = {name: value.replace("\\$", "$") for name, value in written.items() if value}
    return plain | dict(os.environ)


def env_change(values: Mapping[str, str], root: Path) -> FileChange | None:
    """The file with those values; None if it has them already. Lines of other variables stay as they are.

    Raises:
        BlueprintError: a value has a line break.
    """
    path = env_path(root)
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    text = before if before is not None else _HEADING
    for name, value in values.items():
        if "\n" in value or "\r" in value:
            raise BlueprintError(f"{name}: a value of {path.name} cannot have a line break")
        line = f"{name}={_quoted(value)}"
        pattern = re.compile(rf"^[ \t]*(?:export[ \t]+)?{name}[ \t]*=.*$", re.MULTILINE)
        if pattern.search(text):
            text = pattern.sub(lambda _, line=line: line, text, count=1)  # type: ignore[misc]
        else:
            text += ("" if not text or text.endswith("\n") else "\n") + line + "\n"
    if text == before:
        return None
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return FileChange(str(shown), before, text, is_private=True)


def without_values(text: str | None) -> str:
    """The file's text as it may be shown: every value is hidden."""
    return re.sub(r"(?m)^(\s*(?:export\s+)?\w+\s*=).+$", rf"\g<1>{HIDDEN}", text or "")


def _quoted(value: str) -> str:
    """In the part of the syntax that Compose, python-dotenv and the embedded platform read alike."""
    if _BARE.fullmatch(value):
        return value
    if "\\" not in value:
        return "'" + value.replace("'", "\\'") + "'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def without_variables(text: str, names: Collection[str]) -> str:
    """The file's text without the assignments of these variables."""
    pattern = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=.*(?:\n|$)", re.MULTILINE)
    return pattern.sub(lambda found: "" if found[1] in names else found[0], text)
