"""Which page of a listing is asked for next, and whether all of its records were read.

Rows change while they are read. Where pages are cut by counting, a row that moves or goes pushes the first
row of the next page to the page before, where nobody looks again. So a page begins with the last record of
the page before it (offsets), or the listing is read until a reading brings nothing new (page numbers). Both
need the stream's primary key. A page that is shorter than asked for does not end a listing that says it has
more.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_MOST_READINGS: Final = 5
_MOST_STEPS_BACK: Final = 20
"""Without a record that was not there before."""


class PagingError(Exception):
    """The records cannot all be read. `transient`: the next attempt may read them."""

    def __init__(self, message: str, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


@dataclass(frozen=True)
class Page:
    """One answer."""

    token: Any
    """What it was asked for with; None for the first page."""
    size: int | None
    """How many records were asked for."""
    keys: Sequence[bytes]
    """A digest of each record's primary key, or of the record if it has none."""
    contents: Sequence[bytes]
    """A digest of each record."""
    total: int | None
    onward: Callable[[], Any] | None = None
    """The token that the answer has even where the manifest's `stop_condition` ends the pages."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def is_full(self) -> bool:
        return len(self) > 0 and (self.size is None or len(self) >= self.size)


@dataclass(frozen=True)
class Next:
    """Ask for the page with this token; None for the first page."""

    token: Any


class Listing(ABC):
    """The pages of one partition."""

    def __init__(self, stream: str, keyed: bool) -> None:
        """`keyed`: the stream has a primary key, so a record that comes twice can be told."""
        self.stream = stream
        self.keyed = keyed
        self._total: int | None = None

    @abstractmethod
    def after(self, page: Page, proposed: Next | None) -> Next | None:
        """The page to ask for after this one, where the CDK proposes another one or none.

        Raises PagingError.
        """

    def _short_of(self, count: int) -> bool:
        return self._total is not None and count < self._total

    def _error(self, words: str, transient: bool) -> PagingError:
        return PagingError(f"Stream {self.stream}: {words}", transient)


class UnpagedListing(Listing):
    """One page, for the manifest has no paginator."""

    def after(self, page: Page, proposed: Next | None) -> Next | None:
        self._total = page.total
        if self._short_of(len(page)):
            raise self._error(
                f"the API sent {len(page)} of {page.total} records, and the manifest has no paginator for it",
                False,
            )
        return proposed


class LinkedListing(Listing):
    """Each page says where the next one is: CursorPagination."""

    def __init__(self, stream: str, keyed: bool) -> None:
        super().__init__(stream, keyed)
        self._begin()

    def _begin(self) -> None:
        # The CDK itself may begin again, with a part of the partition that is smaller.
        self._count = 0
        self._tokens: set[str] = set()
        self._pages: set[int] = set()
        self._before: Sequence[bytes] = ()

    def after(self, page: Page, proposed: Next | None) -> Next | None:
        if page.token is None:
            self._begin()
        self._count += len(page)
        self._total = page.total if page.total is not None else self._total
        before, self._before = self._before, page.contents
        if proposed is None and len(page) and page.onward is not None and self._short_of(self._count):
            token = page.onward()
            proposed = Next(token) if token else None
        if proposed is not None:
            token = json.dumps(proposed.token, sort_keys=True, default=str)
            content = hash(tuple(page.contents))
            if token not in self._tokens and (not len(page) or content not in self._pages):
                self._tokens.add(token)
                self._pages.add(content)
                return proposed
            # A bound that is inclusive sends the last records again, and nothing else.
            if not 0 < len(page) < len(before) or not set(page.contents) <= set(before):
                raise self._error(
                    f"the pages repeat: {token[:200]} leads to a page that was read before", False
                )
        if self._short_of(self._count):
            raise self._error(
                f"the API says that there are {self._total} records, and its pages end after {self._count}",
                True,
            )
        return None


class CountedListing(Listing):
    """Pages that are cut by counting."""

    def __init__(self, stream: str, keyed: bool, initial: Any) -> None:
        """`initial`: the first page's token, which may be None."""
        super().__init__(stream, keyed)
        self._initial = initial
        self._distinct: set[bytes] = set()
        self._seen: set[bytes] = set()
        self._pages: set[int] = set()
        """The pages of this reading."""
        self._readings = 1

    def _take(self, page: Page) -> bool:
        """Take note of the page. Is it the same as one that was read before?"""
        self._total = page.total if page.total is not None else self._total
        if page.token == self._initial:
            self._pages.clear()
        content = hash(tuple(page.contents))
        repeats = len(page) > 0 and content in self._pages
        self._pages.add(content)
        self._distinct.update(page.keys)
        self._seen.update(page.contents)
        return repeats

    def _read_again(self, reason: str) -> Next:
        if not self.keyed:
            raise self._error(f"{reason}, and without a primary_key it cannot be read again", True)
        if self._readings >= _MOST_READINGS:
            raise self._error(
                f"{reason}, after {self._readings} readings. Records change faster than they are read, or the"
                " primary_key is not unique: page by a key (CursorPagination) if the API can",
                True,
            )
        self._readings += 1
        self._pages.clear()
        return Next(self._initial)

    def _repeated(self, page: Page) -> PagingError:
        return self._error(
            f"the page asked for with {page.token} was read before: the API ignores the parameter",
            False,
        )

    def _missing(self) -> str:
        return f"the API says that there are {self._total} records, and {len(self._distinct)} were read"


class OffsetListing(CountedListing):
    """OffsetIncrement."""

    def __init__(self, stream: str, keyed: bool, initial: Any) -> None:
        super().__init__(stream, keyed, initial)
        self._at: list[bytes] = []
        """The keys by their places in the listing, as far as it has been read."""
        self._overlaps = False
        """Was this page asked for from the last record of the page before on?"""
        self._was_full = True
        self._steps_back = 0

    def after(self, page: Page, proposed: Next | None) -> Next | None:
        start, count = page.token or 0, len(page)
        if start and self._overlaps and not self._continues(start, page):
            return self._step_back(start, page)
        if not self._distinct.issuperset(page.keys):
            self._steps_back = 0
        only_the_overlap = self._overlaps and count == 1
        if self._take(page) and not only_the_overlap:
            if self._was_full:
                raise self._repeated(page)
            # It was only asked for to see whether the short page before it was the last one.
            return self._end()
        self._was_full = page.is_full
        end = start + count
        self._at[start:] = page.keys
        ended = count == 0 or only_the_overlap
        if not ended and (page.is_full or self._total is None or end < self._total):
            self._overlaps = self.keyed and count > 1
            return Next(end - 1 if self._overlaps else end)
        return self._end()

    def _continues(self, start: int, page: Page) -> bool:
        """Does the page begin where the reading stands, or before it?"""
        if not len(page):
            return False
        return page.contents[0] in self._seen or page.keys[0] == self._at[start]

    def _step_back(self, start: int, page: Page) -> Next:
        self._steps_back += 1
        if self._steps_back > _MOST_STEPS_BACK:
            raise self._error("records change faster than they are read by offsets", True)
        back = max(0, start - max(len(page), page.size or 1, 1))
        self._overlaps = back > 0
        self._pages.clear()
        return Next(back or self._initial)

    def _end(self) -> Next | None:
        if self._short_of(len(self._distinct) if self.keyed else len(self._at)):
            self._overlaps = False
            return self._read_again(self._missing())
        return None


class NumberedListing(CountedListing):
    """PageIncrement."""

    def __init__(self, stream: str, keyed: bool, initial: Any, first: int) -> None:
        """`first`: the first page's number."""
        super().__init__(stream, keyed, initial)
        self._first = first
        self._count = self._filled = 0
        """Records and pages of this reading; empty pages do not count."""
        self._fresh = False
        """Did this reading bring a record that none before it had?"""

    def after(self, page: Page, proposed: Next | None) -> Next | None:
        self._fresh |= not self._seen.issuperset(page.contents)
        if self._take(page):
            raise self._repeated(page)
        self._count += len(page)
        self._filled += len(page) > 0
        if proposed is not None:
            return proposed
        if len(page) and self._short_of(self._count):
            return Next((self._first if page.token is None else page.token) + 1)
        return self._end()

    def _end(self) -> Next | None:
        several, fresh, count = self._filled > 1, self._fresh, self._count
        self._fresh, self._count, self._filled = False, 0, 0
        if self._short_of(len(self._distinct) if self.keyed else count):
            return self._read_again(self._missing())
        if self.keyed and several and fresh:
            return self._read_again("its pages have changed while they were read")
        return None


@dataclass
class Emitted:
    """Which records a partition has brought: what is read again is not passed on again."""

    _digests: set[bytes] = field(default_factory=set)

    def is_new(self, digest: bytes) -> bool:
        if digest in self._digests:
            return False
        self._digests.add(digest)
        return True
