"""The CDK's retriever (airbyte-cdk 7.39.1) under the rules of `listing`."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airbyte_engine.worker.low_code.decoding import forget_body, last_body
from airbyte_engine.worker.low_code.listing import (
    CountedListing,
    Emitted,
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

_TOTAL_FIELD = "total_field"
"""A stream's `$parameters` may say where its API has the total; Airbyte does not know it and ignores it."""


def install() -> None:
    """Have every SimpleRetriever page by a `Listing`."""
    from airbyte_cdk.sources.declarative.retrievers.simple_retriever import SimpleRetriever

    read_pages, next_page_token = SimpleRetriever._read_pages, SimpleRetriever._next_page_token
    # A retriever reads its partitions concurrently, each of them in one thread.
    reading: dict[tuple[int, int], Listing] = {}

    def read_by_listing(self: Any, parse: Any, stream_slice: Any) -> Iterator[Any]:
        listing = _listing(self)
        if listing is None:
            yield from read_pages(self, parse, stream_slice)
            return
        once = listing.keyed and isinstance(listing, CountedListing)
        place = (id(self), threading.get_ident())
        reading[place] = listing
        try:
            records = read_pages(self, parse, stream_slice)
            yield from _new(records) if once else records
        finally:
            reading.pop(place, None)

    def next_by_listing(
        self: Any,
        response: Any,
        last_page_size: int,
        last_record: Any,
        last_page_token_value: Any,
        **more: Any,
    ) -> Mapping[str, Any] | None:
        proposed = next_page_token(self, response, last_page_size, last_record, last_page_token_value, **more)
        listing = reading.get((id(self), threading.get_ident()))
        if listing is None:
            return proposed
        page = replace(
            _page(self, response, last_page_token_value, last_page_size, more.get("page_size_override")),
            onward=lambda: _without_stop(
                self, response, last_page_size, last_record, last_page_token_value, **more
            ),
        )
        try:
            following = listing.after(page, Next(proposed["next_page_token"]) if proposed else None)
        except PagingError as error:
            raise _traced(error) from error
        return None if following is None else {"next_page_token": following.token}

    SimpleRetriever._read_pages = read_by_listing
    SimpleRetriever._next_page_token = next_by_listing


def _listing(retriever: Any) -> Listing | None:
    """None where the connector stops at records that it has seen: an end means nothing there."""
    from airbyte_cdk.sources.declarative.requesters.paginators import strategies
    from airbyte_cdk.sources.declarative.requesters.paginators.no_pagination import NoPagination
    from airbyte_cdk.sources.declarative.requesters.paginators.strategies.stop_condition import (
        StopConditionPaginationStrategyDecorator,
    )

    name, keyed = retriever.name, bool(_key_paths(retriever))
    strategy: Any = getattr(retriever._paginator, "pagination_strategy", None)
    if isinstance(strategy, StopConditionPaginationStrategyDecorator):
        return None
    if type(strategy) is strategies.OffsetIncrement:
        return OffsetListing(name, keyed, strategy.initial_token)
    if type(strategy) is strategies.PageIncrement:
        return NumberedListing(name, keyed, strategy.initial_token, strategy.start_from_page)
    if isinstance(retriever._paginator, NoPagination):
        return UnpagedListing(name, keyed)
    return LinkedListing(name, keyed)


def _without_stop(retriever: Any, *page: Any, **more: Any) -> Any:
    """The next token of CursorPagination; None for other strategies."""
    from airbyte_cdk.sources.declarative.requesters.paginators import strategies

    strategy: Any = getattr(retriever._paginator, "pagination_strategy", None)
    if type(strategy) is not strategies.CursorPaginationStrategy:
        return None
    endless = copy.copy(strategy)
    endless._stop_condition = None
    return endless.next_page_token(*page, **more)


def _page(retriever: Any, response: Any, token: Any, emitted: int, reduced_size: int | None) -> Page:
    from airbyte_cdk.sources.declarative.extractors.record_selector import extracted_record_count

    extractor = retriever.record_selector.extractor
    size = reduced_size or retriever._paginator.get_page_size()
    decoder = getattr(extractor, "decoder", None)
    if decoder is None or decoder.is_stream_response():
        # The answer cannot be read twice; its records are told by their number alone.
        count = extracted_record_count(response, default=emitted)
        unique = [f"{token}:{number}".encode() for number in range(count)]
        return Page(token, size, unique, unique, total_of(None, response.headers, None))
    forget_body()
    records = list(extractor.extract_records(response))
    contents = [_digest(record) for record in records]
    paths = _key_paths(retriever)
    keys = [_key(record, paths) or content for record, content in zip(records, contents, strict=True)]
    field = (retriever._parameters or {}).get(_TOTAL_FIELD)
    return Page(token, size, keys, contents, total_of(last_body(), response.headers, field))


def _new(records: Iterable[Any]) -> Iterator[Any]:
    emitted = Emitted()
    return (record for record in records if emitted.is_new(_digest(getattr(record, "data", record))))


def _key_paths(retriever: Any) -> Sequence[Sequence[str]]:
    key = retriever.primary_key or []
    names = [key] if isinstance(key, str) else key
    return [[name] if isinstance(name, str) else name for name in names]


def _key(record: Any, paths: Sequence[Sequence[str]]) -> bytes | None:
    values = []
    for path in paths:
        value = record
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            return None
        values.append(value)
    return _digest(values) if values else None


def _digest(value: Any) -> bytes:
    content = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=12).digest()


def _traced(error: PagingError) -> Exception:
    from airbyte_cdk.models import FailureType
    from airbyte_cdk.utils import AirbyteTracedException

    kind = FailureType.transient_error if error.transient else FailureType.config_error
    return AirbyteTracedException(message=str(error), internal_message=str(error), failure_type=kind)
