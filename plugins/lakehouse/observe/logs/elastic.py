"""Elasticsearch, as the logs use it: the client of the connection, the index template, the errors by name."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from lakehouse.observe.logs.document import INDEX_PREFIX
from lakehouse.platform.connections import ConnectionUnknownError, connection
from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.platform.names import ELASTICSEARCH_CONNECTION
from lakehouse.platform.repository import INCLUDE

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TEMPLATE: Final = "airbyte-logs"
TEMPLATE_FILE: Final = INCLUDE / "observe" / "elasticsearch" / "airbyte-logs.json"
ANSWER_SECONDS: Final = 30.0
DEFAULT_PORT: Final = 9200
START_COMMAND: Final = "make up OBSERVE=1"
_INDEX: Final = re.compile(rf"^{INDEX_PREFIX}(?:(?P<service>[a-z]+)-)?(?P<day>\d{{4}}\.\d\d\.\d\d)$")


class ElasticsearchAwayError(TransientError):
    """Elasticsearch does not answer; the message says how to start it."""


class ElasticsearchRefusedError(PermanentError):
    """Elasticsearch answers and refuses: wrong password, no right, a query that is not one."""


class ConnectionFields(Protocol):
    """What is taken from a connection: of this process's environment, or of Airflow."""

    @property
    def host(self) -> Any: ...

    @property
    def port(self) -> Any: ...

    @property
    def login(self) -> Any: ...

    @property
    def password(self) -> Any: ...

    @property
    def schema(self) -> Any: ...


def elasticsearch_client(
    environment: Mapping[str, str] | None = None, answer_seconds: float = ANSWER_SECONDS
) -> Elasticsearch:
    """A client for the connection `elasticsearch_default`: of the environment, else of Airflow's database.

    Raises:
        ConnectionUnknownError: neither has it.
    """
    try:
        where = connection(ELASTICSEARCH_CONNECTION, environment)
    except ConnectionUnknownError:
        if environment is not None:
            raise
        return _client_of_airflow(answer_seconds)
    return client_of(where, where.extra, answer_seconds)


def _client_of_airflow(answer_seconds: float) -> Elasticsearch:
    # In production only Airflow's database has its connections, for its tasks and its API server.
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        where = BaseHook.get_connection(ELASTICSEARCH_CONNECTION)
    except AirflowNotFoundException as error:
        raise ConnectionUnknownError(
            f"there is no Airflow connection {ELASTICSEARCH_CONNECTION}: add that of airflow_settings.yaml"
        ) from error
    return client_of(where, where.extra_dejson, answer_seconds)


def client_of(
    where: ConnectionFields, extra: Mapping[str, Any], answer_seconds: float = ANSWER_SECONDS
) -> Elasticsearch:
    """A client that connects at its first call; `extra` may have ca_certs, verify_certs and api_key."""
    # A fifth of a second to import: only where it is used.
    from elasticsearch import Elasticsearch

    # Its warning for every failed call: here a failure is an error with a name.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    host = (where.host or "127.0.0.1").rstrip("/")
    address = urlsplit(host if "://" in host else f"{where.schema or 'http'}://{host}")
    port = address.port or where.port or (443 if address.scheme == "https" else DEFAULT_PORT)
    options: dict[str, Any] = {"request_timeout": answer_seconds, "retry_on_timeout": False, "max_retries": 0}
    if where.login and where.password:
        options["basic_auth"] = (where.login, where.password)
    options |= {name: extra[name] for name in ("ca_certs", "verify_certs", "api_key") if name in extra}
    return Elasticsearch(f"{address.scheme}://{address.hostname}:{port}{address.path}", **options)


@contextmanager
def named_errors(where: str) -> Iterator[None]:
    """Elasticsearch's errors as the two above."""
    from elasticsearch import ApiError, TransportError

    try:
        yield
    except TransportError as error:
        words = " ".join(str(error).split())[:200]
        raise ElasticsearchAwayError(
            f"Elasticsearch at {where} does not answer ({words}): start it with `{START_COMMAND}`"
        ) from error
    except ApiError as error:
        words = " ".join(str(error).split())[:400]
        if error.status_code == 429 or error.status_code >= 500:
            raise ElasticsearchAwayError(f"Elasticsearch at {where} is busy: {words}") from error
        if error.status_code in (401, 403):
            words += f"; look at the Airflow connection {ELASTICSEARCH_CONNECTION}"
        raise ElasticsearchRefusedError(f"Elasticsearch at {where} refuses: {words}") from error


def address_of(client: Elasticsearch) -> str:
    """Where the client's Elasticsearch is, without what it signs in with."""
    node = next(iter(client.transport.node_pool.all()))
    return str(node.base_url)


def put_template(client: Elasticsearch) -> None:
    """Create or replace the index template of `airbyte-logs-*`: new indices get it."""
    body = json.loads(TEMPLATE_FILE.read_text(encoding="utf-8"))
    client.indices.put_index_template(name=TEMPLATE, **body)


def day_of(index: str) -> date | None:
    """The day of a daily index of logs; None for any other index."""
    found = _INDEX.match(index)
    if found is None:
        return None
    try:
        return datetime.strptime(found["day"], "%Y.%m.%d").date()
    except ValueError:
        return None


def service_of(index: str) -> str | None:
    """The service of a daily index of logs; None for any other index."""
    found = _INDEX.match(index)
    return None if found is None else found["service"] or "airbyte"
