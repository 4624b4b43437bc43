"""The YAML files of include/superset: read and written so that what a person has put into them stays."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE

ASSETS: Final = INCLUDE / "superset"
WIDTH: Final = 120
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_DNS, "superset.lakehouse.invalid")


class ScaffoldError(PermanentError):
    """What is asked for cannot be written; the message says what to give instead."""


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as they are in Superset's own export."""


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def uuid_of(path: str) -> str:
    """The uuid of a file that is written here, by its path below include/superset: always the same."""
    return str(uuid.uuid5(_NAMESPACE, path))


def as_text(content: dict[str, Any], head: str = "") -> str:
    """The file's text; `head` are the comment lines that it begins with."""
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
    return f"{head}{body}"


def head_of(text: str) -> str:
    """The comment lines that a file begins with."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[: next((n for n, line in enumerate(lines) if not line.startswith("#")), 0)])


def changed_text(path: Path, content: dict[str, Any]) -> str:
    """The text of an existing file with other content, its head kept.

    Raises:
        ScaffoldError: it has comments further down, which writing it again would lose.
    """
    text = path.read_text(encoding="utf-8")
    head = head_of(text)
    body = text[len(head) :]
    if _has_comments(body):
        raise ScaffoldError(
            f"{path.name} has comments inside, which would be lost: move them to the head of the file"
        )
    return as_text(content, head)


def read(path: Path) -> dict[str, Any]:
    """A file's content.

    Raises:
        ScaffoldError: it is not a YAML mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ScaffoldError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ScaffoldError(f"{path} is not a mapping")
    return content


def title_of(name: str) -> str:
    """`order_date` as a person writes it: Order date."""
    return name.replace("_", " ").strip().capitalize()


def _has_comments(body: str) -> bool:
    """A line that opens with `#` and is not part of a text."""
    inside: set[int] = set()
    for token in yaml.scan(body, Loader=yaml.SafeLoader):
        if isinstance(token, yaml.ScalarToken):
            inside.update(range(token.start_mark.line, token.end_mark.line + 1))
    lines = enumerate(body.splitlines())
    return any(line.lstrip().startswith("#") and number not in inside for number, line in lines)
