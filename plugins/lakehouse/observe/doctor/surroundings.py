"""What the probes look at: the services behind Airflow's connections, opened to be read only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from lakehouse.observe.doctor.finding import NotConfiguredError
from lakehouse.platform.connections import SSL_WORDS
from lakehouse.platform.names import AIRFLOW_CONNECTION, LAKE_CONNECTION, PLATFORM_CONNECTION
from lakehouse.platform.repository import REPOSITORY

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from lakehouse.airbyte.client import AirbyteClient
    from lakehouse.dremio.client import DremioClient
    from lakehouse.platform.airflow_api import AirflowApi
    from lakehouse.platform.storage import LakeStorage
    from lakehouse.superset.client import SupersetClient

CONNECT_SECONDS: Final = 4
ANSWER_SECONDS: Final = 8
_READ_ONLY: Final = f"-c default_transaction_read_only=on -c statement_timeout={ANSWER_SECONDS}s"
_PORTS: Final = {"http": 80, "https": 443, "postgres": 5432, "postgresql": 5432, "sftp": 22}


class ReadOnlyPostgres:
    """Opens connections to one database on which PostgreSQL itself refuses to write."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_conn(self) -> Any:
        """A new connection, of psycopg 2."""
        import psycopg2

        extra = self._connection.extra_dejson
        return psycopg2.connect(
            host=self._connection.host,
            port=self._connection.port or _PORTS["postgres"],
            dbname=self._connection.schema,
            user=self._connection.login,
            password=self._connection.password,
            connect_timeout=CONNECT_SECONDS,
            application_name="lakehouse doctor",
            options=_READ_ONLY,
            **{name: extra[name] for name in SSL_WORDS if name in extra},
        )

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor for a few reads."""
        with closing(self.get_conn()) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def rows(self, sql: str, values: Mapping[str, object] | Sequence[object] | None = None) -> list[Any]:
        """All rows of one statement."""
        with self.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())


@dataclass(frozen=True)
class Surroundings:
    """One platform, as Airflow's connections and this process's environment describe it.

    Raises from every method that opens something:
        NotConfiguredError: there is no such connection.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    checkout: Path = REPOSITORY

    def now(self) -> datetime:
        """This machine's time, UTC."""
        return datetime.now(UTC)

    @property
    def is_embedded(self) -> bool:
        """Is this the platform that `make up` starts?"""
        return bool(self.environ.get("LAKEHOUSE_STATE_DIR"))

    def start_command(self, service: str) -> str:
        """What starts a service that is down."""
        if self.is_embedded and service in ("elasticsearch", "observer", "prometheus", "alertmanager"):
            return "make up OBSERVE=1"
        if self.is_embedded:
            return f'make up SERVICE="{service}"'
        return f"docker compose --file docker/docker-compose.yaml up --detach {service.replace('_', '-')}"

    @property
    def renew_command(self) -> str:
        """What gives Airflow's connections the secrets that the environment has now."""
        if self.is_embedded:
            return "make down up"
        return (
            "PYTHONPATH=plugins python -m lakehouse.platform.airflow_settings connections --file"
            " connections.json && airflow connections import --overwrite connections.json"
        )

    def airflow_command(self, words: str) -> str:
        """Airflow's command line, where it can be typed."""
        return f"bin/airflow {words}" if self.is_embedded else f"airflow {words}"

    def library_command(self, name: str, words: str) -> str:
        """A command of this repository: `bin/<name>` where that reaches the platform."""
        if self.is_embedded:
            return f"bin/{name} {words}"
        return f"PYTHONPATH=plugins python -m lakehouse.{name} {words}"

    def source_command(self, business: str) -> str:
        """What looks at a source of a business."""
        return (
            f"bin/source check {business}"
            if self.is_embedded
            else f"PYTHONPATH=plugins python -m lakehouse.onboarding check {business}"
        )

    def psql_command(self, conn_id: str, statement: str) -> str:
        """What runs a statement as the superuser of the server behind a connection."""
        connection = self.connection(conn_id)
        address = f"--host={connection.host} --port={connection.port or 5432} --dbname={connection.schema}"
        return f'psql {address} --username=postgres --command="{statement}"'

    def trigger_command(self, dag_id: str) -> str:
        """What starts a DAG that is not a stage of the night."""
        return self.airflow_command(f"dags trigger {dag_id}")

    def rerun_command(self, stage: str, business_date: object) -> str:
        """What runs a stage of the night again for a date that it has run for."""
        return self.airflow_command(f"dags clear {stage} --partition-key {business_date} --yes")

    def connection(self, conn_id: str) -> Connection:
        """Airflow's connection of that id."""
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        from lakehouse.platform.airflow_connections import cure_of

        try:
            return BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            raise NotConfiguredError(cure_of(conn_id, self.environ)) from None

    def postgres(self, conn_id: str = PLATFORM_CONNECTION) -> ReadOnlyPostgres:
        """A database, to read only."""
        return ReadOnlyPostgres(self.connection(conn_id))

    def lake(self) -> LakeStorage:
        """The lake's bucket, with short patience."""
        from botocore.config import Config

        from lakehouse.platform.lake_hook import LakeHook
        from lakehouse.platform.storage import LakeStorage

        self.connection(LAKE_CONNECTION)
        settings = LakeHook(aws_conn_id=LAKE_CONNECTION).conn_config.botocore_config or Config()
        impatient = Config(
            connect_timeout=CONNECT_SECONDS, read_timeout=ANSWER_SECONDS, retries={"max_attempts": 1}
        )
        return LakeStorage.of(LakeHook(aws_conn_id=LAKE_CONNECTION, config=settings.merge(impatient)))

    def dremio(self) -> DremioClient:
        """Dremio, logging in at the first call."""
        from lakehouse.dremio.hook import client_of
        from lakehouse.platform.names import DREMIO_CONNECTION

        return client_of(self.connection(DREMIO_CONNECTION))

    def airbyte(self) -> AirbyteClient:
        """Airbyte, asking for a token at the first call."""
        from lakehouse.airbyte.hook import client_of
        from lakehouse.platform.names import AIRBYTE_CONNECTION

        return client_of(self.connection(AIRBYTE_CONNECTION))

    def superset(self) -> SupersetClient:
        """Superset, logging in at the first call."""
        from lakehouse.platform.names import SUPERSET_CONNECTION
        from lakehouse.superset.hook import SupersetHook

        self.connection(SUPERSET_CONNECTION)
        return SupersetHook().get_conn()

    def airflow(self) -> AirflowApi:
        """Airflow's REST API."""
        from lakehouse.platform.airflow_api_hook import AirflowApiHook

        self.connection(AIRFLOW_CONNECTION)
        return AirflowApiHook().get_conn(patience_seconds=CONNECT_SECONDS)

    def address(self, conn_id: str) -> tuple[str, int] | None:
        """Host and port of what a connection leads to; None where the connection names no host."""
        connection = self.connection(conn_id)
        url = connection.extra_dejson.get("endpoint_url") or connection.host or ""
        scheme = connection.schema if connection.schema in ("http", "https") else connection.conn_type
        parts = urlsplit(url if "://" in url else f"{scheme}://{url}")
        port = parts.port or connection.port or _PORTS.get(parts.scheme)
        return (parts.hostname, port) if parts.hostname and port else None
