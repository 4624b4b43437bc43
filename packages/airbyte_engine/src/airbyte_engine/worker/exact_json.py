"""JSON to values that say exactly what the text says; what Python's own parser lets through is refused."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from airbyte_engine.worker.column_names import shown
from airbyte_engine.worker.numbers import json_float

DEEPEST: Final = 500
"""Objects and arrays in one another; Python's JSON cannot go much deeper."""
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class ExactJson:
    """A parser. A number that a double would round stays its text."""

    def __init__(self, parse_int: Callable[[str], Any] | None = None, deepest: int | None = DEEPEST) -> None:
        """What an integer becomes, if not Python's, and how deep values may be (None: as Python can)."""
        self._deepest = deepest
        self._decoder = json.JSONDecoder(
            parse_float=json_float,
            parse_int=parse_int,
            parse_constant=_not_json,
            object_pairs_hook=_object,
        )

    def parse(self, content: str) -> Any:
        """Raises ValueError that says what is wrong with the text; a JSONDecodeError also says where."""
        try:
            value = self._decoder.decode(content)
            if self._deepest is not None and content.count("[") + content.count("{") > self._deepest:
                _check_depth(content, self._deepest)
            if "\\u" in content and _SURROGATE.search(content):
                json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = f"\\u{ord(error.object[error.start]):04x}"
            raise ValueError(f"{half} is half a surrogate pair, not a character") from error
        except RecursionError as error:
            raise _too_deep(self._deepest) from error
        return value


def _too_deep(deepest: int | None) -> ValueError:
    return ValueError(f"objects and arrays are nested {f'more than {deepest}' if deepest else 'too'} deep")


def _check_depth(content: str, deepest: int) -> None:
    """How deep Python could go depends on its version. Raises ValueError."""
    depth = 0
    for text in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', content):
        depth += (text.group() in "[{") - (text.group() in "]}")
        if depth > deepest:
            raise _too_deep(deepest)


def _not_json(token: str) -> Any:
    raise ValueError(f"{token} is not JSON: write null, or a text")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        doubled = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"an object names {shown(doubled)} twice")
    return found
