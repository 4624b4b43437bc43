"""Takes items out of the lists of a YAML file, as text: all other lines and comments stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import yaml

from lakehouse.onboarding.writing.blueprint import BlueprintError

Drop = Callable[[str, Mapping[str, str]], bool]
"""Is this item to go? It is given the list's key (`models`) and the item's own plain values by name."""

_FRAME: Final = {"version"}
"""Keys that say nothing alone: a file that has only these is empty."""


def without_items(text: str, drop: Drop) -> str | None:
    """The text without those items; None if nothing is left of the file.

    A list that has lost all items goes with its key, and so does an item whose list that was (a dbt source
    without tables). The comment lines directly above an item go with it.

    Raises:
        BlueprintError: the text is not YAML, or an item cannot be told from its neighbours.
    """
    try:
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise BlueprintError(f"not YAML: {error}") from error
    if not isinstance(document, yaml.MappingNode):
        return text
    lines = text.splitlines(keepends=True)
    gone: set[int] = set()
    left = [name for name, value in document.value if not _emptied(name, value, drop, lines, gone)]
    if gone and not {name.value for name in left} - _FRAME:
        return None
    kept = "".join(line for at, line in enumerate(lines) if at not in gone)
    _check(text, kept, drop)
    return kept


def _emptied(name: yaml.Node, value: yaml.Node, drop: Drop, lines: list[str], gone: set[int]) -> bool:
    """Mark the lines of what goes below a key, and of the key itself if nothing stays; True if so."""
    if isinstance(value, yaml.MappingNode):
        # A mapping only carries lists: airflow -> connections.
        for key, inner in value.value:
            _emptied(key, inner, drop, lines, gone)
        return False
    if not isinstance(value, yaml.SequenceNode) or value.flow_style or not value.value:
        return False
    kept = 0
    previous_end = name.start_mark.line + 1
    for item in value.value:
        begin = _with_comments(item.start_mark.line, lines, previous_end)
        end = _end(item, lines)
        if isinstance(item, yaml.MappingNode) and (
            drop(str(name.value), _plain(item))
            or any(_emptied(key, inner, drop, lines, gone) for key, inner in item.value)
        ):
            gone.update(range(_with_blanks(begin, lines, previous_end), end))
        else:
            kept += 1
        previous_end = end
    if not kept:
        begin = _with_comments(name.start_mark.line, lines, 0)
        gone.update(range(_with_blanks(begin, lines, 0), previous_end))
    return not kept


def _plain(item: yaml.MappingNode) -> dict[str, str]:
    return {str(key.value): str(each.value) for key, each in item.value if isinstance(each, yaml.ScalarNode)}


def _end(node: yaml.Node, lines: list[str]) -> int:
    """The line after the node's last one. For the parser, a block scalar ends where the next thing starts."""
    while isinstance(node, yaml.SequenceNode | yaml.MappingNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    at = node.end_mark.line + (0 if node.end_mark.column == 0 else 1)
    return _with_blanks(at, lines, node.start_mark.line + 1)


def _with_comments(at: int, lines: list[str], least: int) -> int:
    while at > least and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    return at


def _with_blanks(at: int, lines: list[str], least: int) -> int:
    while at > least and not lines[at - 1].strip():
        at -= 1
    return at


def _check(before: str, after: str, drop: Drop) -> None:
    """What stays must be what the parser says it was."""
    if yaml.safe_load(after) != _without(yaml.safe_load(before), drop):
        raise BlueprintError("its lists are not in the form expected: take the items out by hand")


def _without(node: object, drop: Drop) -> object:
    if not isinstance(node, dict):
        return node
    kept: dict[object, object] = {}
    for key, value in node.items():
        if isinstance(value, list):
            items = [_inner(each, drop) for each in value if not _goes(str(key), each, drop)]
            if items or not value:
                kept[key] = items
        else:
            kept[key] = _without(value, drop)
    return kept


def _inner(item: object, drop: Drop) -> object:
    return _without(item, drop) if isinstance(item, dict) else item


def _goes(key: str, item: object, drop: Drop) -> bool:
    if not isinstance(item, dict):
        return False
    plain = {str(name): str(value) for name, value in item.items() if not isinstance(value, dict | list)}
    if drop(key, plain):
        return True
    lists = [(str(name), value) for name, value in item.items() if isinstance(value, list) and value]
    return any(all(_goes(name, each, drop) for each in value) for name, value in lists)
