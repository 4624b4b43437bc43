"""Airflow's door to Elasticsearch: a connection becomes a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from lakehouse.observe.logs.elastic import ANSWER_SECONDS, ElasticsearchRefusedError, client_of
from lakehouse.platform.names import ELASTICSEARCH_CONNECTION

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


class ElasticsearchHook(BaseHook):
    """Opens a client from a connection of type http; extra: ca_certs, verify_certs, api_key."""

    def __init__(
        self, conn_id: str = ELASTICSEARCH_CONNECTION, answer_seconds: float = ANSWER_SECONDS
    ) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.answer_seconds = answer_seconds

    def get_conn(self) -> Elasticsearch:
        """A client that connects at its first call.

        Raises:
            ElasticsearchRefusedError: there is no such connection.
        """
        try:
            connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException as error:
            raise ElasticsearchRefusedError(
                f"there is no Airflow connection {self.conn_id}: add it (docs/runbooks/connections.md)"
            ) from error
        return client_of(connection, connection.extra_dejson, self.answer_seconds)
