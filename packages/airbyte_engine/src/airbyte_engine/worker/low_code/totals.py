"""How many records an answer says there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_NAMES: Final = (
    "total", "total_count", "totalCount", "total_records", "totalRecords", "total_items", "totalItems",
    "total_results", "totalResults", "total_elements", "totalElements", "totalSize", "recordsTotal",
)  # fmt: skip
_PLACES: Final = ("meta", "metadata", "_metadata", "pagination", "paging", "page", "page_info", "pageInfo")
_HEADERS: Final = ("X-Total-Count", "X-Total", "X-Pagination-Total-Count")
NOWHERE: Final = "none"
"""The `field` of an API whose totals mean something else."""


def total_of(body: Any, headers: Mapping[str, str], field: str | None) -> int | None:
    """None when the answer does not say.

    Args:
        body: the answer, decoded.
        headers: those of the answer, whose names ignore case.
        field: where in the answer the total is (`meta.total`); None for wherever APIs usually have it.
    """
    if field is not None:
        return None if field == NOWHERE else _count(_at(body, field))
    for name in _HEADERS:
        if (text := headers.get(name, "")).isdecimal():
            return int(text)
    if not isinstance(body, Mapping):
        return None
    for place in (body, *(body.get(name) for name in _PLACES)):
        if isinstance(place, Mapping):
            for name in _NAMES:
                if (count := _count(place.get(name))) is not None:
                    return count
    # Django REST framework's; elsewhere a count may be that of the page.
    return _count(body.get("count")) if {"next", "previous", "results"} <= body.keys() else None


def _at(body: Any, field: str) -> Any:
    for name in field.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
