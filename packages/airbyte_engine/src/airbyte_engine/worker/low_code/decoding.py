"""Answers to values that say exactly what the answer says.

The CDK (7.39.1) rounds numbers to doubles, reads 1e400 as infinity, and accepts NaN. It also goes on as if an
answer that is not JSON had no records, which ends the pages; so such an answer is logged under `NOT_JSON`,
and the worker fails the sync.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any, Final

from airbyte_engine.worker.exact_json import ExactJson

NOT_JSON: Final = "The API answered with something that is not JSON"
"""How the log's line begins."""
_LEAST, _GREATEST = -(2**63), 2**64 - 1
"""The integers that the CDK can pass on."""
_LONGEST = 20


def _integer(digits: str) -> int | str:
    if len(digits) > _LONGEST:
        return digits
    value = int(digits)
    return value if _LEAST <= value <= _GREATEST else digits


_EXACT = ExactJson(_integer, deepest=None)
_last = threading.local()


def install() -> None:
    """Replace the CDK's JSON parsers."""
    from airbyte_cdk.sources.declarative.decoders import composite_raw_decoder

    composite_raw_decoder.JsonParser.parse = _parse
    composite_raw_decoder.JsonLineParser.parse = _parse_lines


def forget_body() -> None:
    """Before an answer is decoded whose body is asked for."""
    _last.body = None


def last_body() -> Any:
    """The answer that this thread decoded last; None when it was not decoded as JSON."""
    return getattr(_last, "body", None)


def _parse(self: Any, data: Any) -> Iterator[Any]:
    content = data.read()
    if not content.strip():
        return
    body = _last.body = _value(content, self.encoding)
    yield from body if isinstance(body, list) else [body]


def _parse_lines(self: Any, data: Any) -> Iterator[Any]:
    for line in data:
        if line.strip():
            yield _value(line, self.encoding or "utf-8")


def _value(content: bytes, encoding: str) -> Any:
    try:
        return _EXACT.parse(content.decode(encoding).removeprefix("\ufeff"))
    except ValueError as error:
        logging.getLogger("airbyte").error(f"{NOT_JSON}: {error}")
        raise
