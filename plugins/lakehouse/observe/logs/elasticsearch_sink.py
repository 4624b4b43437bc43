"""Elasticsearch as a sink: documents by id into daily indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from lakehouse.observe.logs.batch import Batch
from lakehouse.observe.logs.document import Document, index_of
from lakehouse.observe.logs.elastic import (
    ElasticsearchAwayError,
    ElasticsearchRefusedError,
    address_of,
    named_errors,
    put_template,
)
from lakehouse.observe.logs.sinks import Refused, SinkAwayError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

REQUEST_BYTES: Final = 2 << 20
AT_A_TIME: Final = 2
_TOO_LARGE: Final = 413
_TRY_AGAIN: Final = {403, 408, 429}
"""403: a full disk makes indices read-only, and they come back."""
_SHARDS: Final = "validation_exception"
"""Elasticsearch has as many shards as it takes, until retention deletes some: not the document's fault."""


class ElasticsearchSink:
    """Sends documents in bulk. Not for several threads."""

    name = "elasticsearch"
    patience_seconds = 0.0

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._has_template = False
        # Elasticsearch indexes a request in one thread: two requests at a time keep two processors busy.
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix=self.name)

    def send(self, batches: Sequence[Batch]) -> list[Refused]:
        """As `Sink.send`. The template is put first, and again whenever Elasticsearch has been away."""
        documents = [document for batch in batches for document in batch.documents]
        try:
            with named_errors(address_of(self._client)):
                if not self._has_template:
                    put_template(self._client)
                    self._has_template = True
                answers = self._pool.map(self._bulk, _requests(documents))
                return [refused for answer in answers for refused in answer]
        except (ElasticsearchAwayError, ElasticsearchRefusedError) as error:
            self._has_template = False
            raise SinkAwayError(str(error)) from error

    def _bulk(self, documents: Sequence[tuple[Document, bytes]]) -> list[Refused]:
        from elasticsearch import ApiError

        lines: list[Any] = []  # the client's types know mappings only; it sends bytes as they are
        for document, body in documents:
            index = index_of(document.service, document.day)
            lines += [f'{{"index":{{"_index":"{index}","_id":"{document.id}"}}}}'.encode(), body]
        try:
            answer = self._client.bulk(
                operations=lines, filter_path=["errors", "items.*.status", "items.*.error"]
            )
        except ApiError as error:
            if error.status_code != _TOO_LARGE:
                raise
            if len(documents) == 1:
                document, body = documents[0]
                return [Refused(document.id, "larger than Elasticsearch takes", body)]
            half = len(documents) // 2
            return [*self._bulk(documents[:half]), *self._bulk(documents[half:])]
        return list(_refused(answer, documents)) if answer["errors"] else []


def _requests(documents: Sequence[Document]) -> Iterator[list[tuple[Document, bytes]]]:
    request: list[tuple[Document, bytes]] = []
    size = 0
    for document in documents:
        body = document.searchable()
        if request and size + len(body) > REQUEST_BYTES:
            yield request
            request, size = [], 0
        request.append((document, body))
        size += len(body)
    if request:
        yield request


def _refused(answer: Any, documents: Sequence[tuple[Document, bytes]]) -> Iterator[Refused]:
    for item, (document, body) in zip(answer["items"], documents, strict=True):
        result = item["index"]
        if result["status"] < 300:
            continue
        error = result.get("error") or {}
        reason = f"{error.get('type')}: {error.get('reason')}"
        if cause := (error.get("caused_by") or {}).get("reason"):
            reason += f" ({cause})"
        if result["status"] in _TRY_AGAIN or result["status"] >= 500 or error.get("type") == _SHARDS:
            raise SinkAwayError(f"Elasticsearch cannot take documents at the moment: {reason}")
        yield Refused(document.id, reason, body)
