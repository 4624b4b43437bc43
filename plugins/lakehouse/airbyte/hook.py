"""The Airbyte connection of Airflow, on the provider's own hook, and the client made from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from airflow.providers.airbyte.hooks.airbyte import AirbyteHook

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.platform.airflow_connections import TellsWhatIsMissing
from lakehouse.platform.names import AIRBYTE_CONNECTION

if TYPE_CHECKING:
    from airflow.sdk import Connection

DEFAULT_TOKEN_PATH: Final = "v1/applications/token"  # noqa: S105 - a path, not a token
DEFAULT_TIMEOUT_SECONDS: Final = 30.0


class LakehouseAirbyteHook(TellsWhatIsMissing, AirbyteHook):
    """The provider's hook (connection type, fields, test button) with a client that tells failures apart."""

    def __init__(self, airbyte_conn_id: str = AIRBYTE_CONNECTION, **kwargs: Any) -> None:
        super().__init__(airbyte_conn_id=airbyte_conn_id, **kwargs)

    @cached_property
    def client(self) -> AirbyteClient:
        """A client for the connection's server."""
        return AirbyteClient(
            base_url=self.conn["host"],
            client_id=self.conn["client_id"],
            client_secret=self.conn["client_secret"],
            token_path=self.conn["token_url"],
            timeout_seconds=float(self.timeout or self.conn["timeout"] or DEFAULT_TIMEOUT_SECONDS),
        )


def client_of(connection: Connection) -> AirbyteClient:
    """A client for a connection already fetched: what a trigger has, which may not block to build a hook."""
    return AirbyteClient(
        base_url=connection.host or "",
        client_id=connection.login,
        client_secret=connection.password,
        token_path=connection.schema or DEFAULT_TOKEN_PATH,
        timeout_seconds=float(connection.extra_dejson.get("timeout") or DEFAULT_TIMEOUT_SECONDS),
    )
