"""Pages of a listing whose rows change while it is read, against an API that is played here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airbyte_engine.worker.low_code.listing import (
    LinkedListing,
    Listing,
    Next,
    NumberedListing,
    OffsetListing,
    Page,
    PagingError,
    UnpagedListing,
)
from airbyte_engine.worker.low_code.totals import total_of

Row = tuple[int, int]
"""A key, and the moment of the row's last change, which orders the listing."""
MOST_REQUESTS = 200


@dataclass
class Api:
    """Rows in the order of their change; `changes` happen before the request of that number."""

    rows: list[Row]
    says_total: bool = True
    cap: int = 1000
    changes: dict[int, Callable[[Api], None]] = field(default_factory=dict)
    ignores_place: bool = False
    requests: int = 0

    def update(self, *keys: int) -> None:
        self.delete(*keys)
        self.rows += [(key, 1000 + self.requests) for key in keys]

    def delete(self, *keys: int) -> None:
        self.rows = [row for row in self.rows if row[0] not in keys]

    def answer(self, start: int, size: int) -> tuple[list[Row], int | None]:
        if change := self.changes.get(self.requests):
            change(self)
        self.requests += 1
        assert self.requests <= MOST_REQUESTS, "the listing is read forever"
        start = 0 if self.ignores_place else start
        return self.rows[start : start + min(size, self.cap)], len(self.rows) if self.says_total else None


def rows(count: int) -> list[Row]:
    return [(key, key) for key in range(count)]


def digests(values: Iterable[Any]) -> list[bytes]:
    return [repr(value).encode() for value in values]


def read(listing: Listing, api: Api, size: int, step: Callable[[Any, int], int], first: int = 0) -> set[Row]:
    """All rows that came, where the CDK would end after a page that is not full."""
    found: set[Row] = set()
    token: Any = None
    while True:
        place = first if token is None else token
        got, total = api.answer(step(place, size), size)
        found.update(got)
        page = Page(token, size, digests(key for key, _ in got), digests(got), total)
        ahead = place + (len(got) if isinstance(listing, OffsetListing) else 1)
        following = listing.after(page, Next(ahead) if len(got) >= size else None)
        if following is None:
            return found
        token = following.token


def by_offset(api: Api, size: int = 5, keyed: bool = True) -> set[Row]:
    return read(OffsetListing("things", keyed, None), api, size, lambda place, _: place)


def by_number(api: Api, size: int = 5, keyed: bool = True) -> set[Row]:
    return read(
        NumberedListing("things", keyed, None, 1),
        api,
        size,
        lambda place, size: (place - 1) * min(size, api.cap),
        first=1,
    )


BOTH = pytest.mark.parametrize("read_all", [by_offset, by_number])
CHANGES: dict[str, dict[int, Callable[[Api], None]]] = {
    "one moves": {1: lambda api: api.update(0)},
    "the last of a page moves": {1: lambda api: api.update(4)},
    "the first of the next moves": {1: lambda api: api.update(5)},
    "a page moves": {1: lambda api: api.update(0, 1, 2, 3, 4)},
    "one goes": {1: lambda api: api.delete(2)},
    "a page goes": {1: lambda api: api.delete(0, 1, 2, 3, 4)},
    "one goes, one comes": {1: lambda api: (api.delete(2), api.rows.append((99, 99)))[0]},
    "one moves before every page": {
        number: lambda api, number=number: api.update(number) for number in range(1, 5)
    },
    "all but the last two go": {2: lambda api: api.delete(*range(10))},
}


@BOTH
@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("change", CHANGES)
def test_rows_that_move_or_go_push_no_other_row_over_a_pages_edge(
    read_all: Callable[[Api], set[Row]], says_total: bool, change: str
) -> None:
    api = Api(rows(12), says_total, changes=CHANGES[change])
    found = read_all(api)
    assert found >= set(api.rows)
    assert api.requests > 2


class NewestFirst(Api):
    """What changes moves to the beginning, and pushes the others to later places."""

    def update(self, *keys: int) -> None:
        self.delete(*keys)
        self.rows[:0] = [(key, 1000 + self.requests) for key in keys]


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        {1: lambda api: api.update(11)},
        {1: lambda api: api.update(3)},
        {1: lambda api: api.update(90, 91)},
        {1: lambda api: api.delete(2), 2: lambda api: api.update(9)},
    ],
)
def test_rows_that_move_to_the_beginning_are_found_there(
    read_all: Callable[[Api], set[Row]], change: dict[int, Callable[[Api], None]]
) -> None:
    """In one of their versions: the cursor brings a newer one with the next sync, and what came meanwhile."""
    api = NewestFirst(rows(12), changes=change)
    found = {key for key, _ in read_all(api)}
    assert found >= {key for key, _ in api.rows if key < 90}


@BOTH
@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 10, 11])
@pytest.mark.parametrize("says_total", [True, False])
def test_a_listing_at_rest_is_read_whole(
    read_all: Callable[[Api], set[Row]], says_total: bool, count: int
) -> None:
    api = Api(rows(count), says_total)
    assert read_all(api) == set(rows(count))
    if count < 5 and says_total:
        assert api.requests == 1, "the total says that there is nothing more"


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_page_that_the_server_caps_does_not_end_the_offsets(
    cap: int, says_total: bool, keyed: bool
) -> None:
    assert by_offset(Api(rows(12), says_total, cap), keyed=keyed) == set(rows(12))


@pytest.mark.parametrize("keyed", [True, False])
def test_a_page_that_the_server_caps_does_not_end_the_numbers_if_there_is_a_total(keyed: bool) -> None:
    assert by_number(Api(rows(12), cap=2), keyed=keyed) == set(rows(12))


@BOTH
def test_a_total_that_is_never_reached_is_an_error(read_all: Callable[[Api], set[Row]]) -> None:
    class Liar(Api):
        def answer(self, start: int, size: int) -> tuple[list[Row], int | None]:
            return super().answer(start, size)[0], 13

    with pytest.raises(PagingError, match="things: the API says that there are 13 records, and 12 were read"):
        read_all(Liar(rows(12)))


@BOTH
def test_a_server_that_ignores_the_place_is_an_error(read_all: Callable[[Api], set[Row]]) -> None:
    with pytest.raises(PagingError, match="was read before: the API ignores the parameter") as error:
        read_all(Api(rows(12), ignores_place=True))
    assert not error.value.transient


def test_a_short_listing_of_a_server_that_ignores_offsets_is_whole() -> None:
    assert by_offset(Api(rows(3), says_total=False, ignores_place=True)) == set(rows(3))


@BOTH
def test_a_listing_that_never_rests_is_an_error(read_all: Callable[[Api], set[Row]]) -> None:
    restless = {number: lambda api: api.update(api.rows[0][0]) for number in range(MOST_REQUESTS)}
    with pytest.raises(PagingError, match="faster than they are read") as error:
        read_all(Api(rows(12), changes=restless))
    assert error.value.transient


def test_without_a_key_a_listing_that_lost_a_row_is_an_error() -> None:
    api = Api(rows(12), changes={1: lambda api: api.delete(0)})
    api_total = Api.answer

    class Counting(Api):
        def answer(self, start: int, size: int) -> tuple[list[Row], int | None]:
            got, _ = api_total(self, start, size)
            return got, 12

    with pytest.raises(PagingError, match="without a primary_key it cannot be read again"):
        by_offset(Counting(api.rows, changes=api.changes), keyed=False)


def linked(pages: list[tuple[list[int], Any]], total: int | None = None) -> int:
    """Reads (keys, next token) pages; the number of pages that were read."""
    listing, token, asked = LinkedListing("things", True), None, 0
    while True:
        keys, following = pages[token or 0]
        asked += 1
        assert asked <= MOST_REQUESTS
        page = Page(token, 5, digests(keys), digests(keys), total)
        after = listing.after(page, None if following is None else Next(following))
        if after is None:
            return asked
        token = after.token


def test_linked_pages_are_read_to_their_end() -> None:
    assert linked([([1, 2], 1), ([3], 2), ([], 3), ([4], None)], total=4) == 4


@pytest.mark.parametrize("pages", [[([1], 1), ([2], 2), ([3], 1)], [([1, 2], 1), ([1, 2], 2), ([1, 2], 3)]])
def test_links_that_lead_back_are_an_error(pages: list[tuple[list[int], Any]]) -> None:
    with pytest.raises(PagingError, match="the pages repeat"):
        linked(pages)


def test_an_inclusive_bound_ends_with_the_records_that_came_before() -> None:
    assert linked([([1, 2, 3], 1), ([3], 1)]) == 2


def test_links_that_end_before_the_total_are_an_error() -> None:
    with pytest.raises(PagingError, match="there are 4 records, and its pages end after 3"):
        linked([([1, 2], 1), ([3], None)], total=4)


def test_one_page_of_many_needs_a_paginator() -> None:
    with pytest.raises(PagingError, match="sent 2 of 5 records, and the manifest has no paginator"):
        UnpagedListing("things", True).after(Page(None, None, digests([1, 2]), digests([1, 2]), 5), None)


@pytest.mark.parametrize(
    ("body", "headers", "field", "total"),
    [
        ({"data": [], "total": 7}, {}, None, 7),
        ({"data": [], "total": "7"}, {}, None, 7),
        ({"data": [], "meta": {"totalCount": 7}}, {}, None, 7),
        ({"count": 7, "next": None, "previous": None, "results": []}, {}, None, 7),
        ([], {"X-Total-Count": "7"}, None, 7),
        ({"found": {"n": 7}, "total": 9}, {}, "found.n", 7),
        ({"data": [], "count": 7}, {}, None, None),
        ({"total": 7.5}, {}, None, None),
        ({"total": True}, {}, None, None),
        ({"total": {"value": 7}}, {}, None, None),
        ({"total": -1}, {}, None, None),
        ({"total": 9}, {}, "none", None),
        (["total"], {}, None, None),
        (None, {}, "found.n", None),
    ],
)
def test_a_total_is_taken_from_where_apis_have_it(
    body: Any, headers: dict[str, str], field: str | None, total: int | None
) -> None:
    assert total_of(body, headers, field) == total
