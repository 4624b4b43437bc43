"""The connections of a real PostgreSQL and a real S3, as Airflow hands them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from lakehouse.observe.doctor.finding import Finding
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.names import LAKE_CONNECTION, PLATFORM_CONNECTION
from lakehouse.platform.storage import LakeStorage
from testing.embedded_platform import EmbeddedPlatform

BUCKET = "doctor"
SHOP = "shop_postgres"


def postgres_connection(wire: dict[str, str], name: str, **fields: Any) -> str:
    """An Airflow connection to the database of that name, as JSON."""
    return json.dumps(
        {
            "conn_type": "postgres",
            "host": wire[f"{name}_PG_HOST"],
            "port": int(wire[f"{name}_PG_PORT"]),
            "schema": wire[f"{name}_PG_DATABASE"],
            "login": wire[f"{name}_PG_USER"],
            "password": wire[f"{name}_PG_PASSWORD"],
        }
        | fields
    )


def lake_connection(wire: dict[str, str], **fields: Any) -> str:
    """The Airflow connection to the bucket of these tests, as JSON."""
    return json.dumps(
        {
            "conn_type": "aws",
            "login": wire["LAKE_S3_ACCESS_KEY"],
            "password": wire["LAKE_S3_SECRET_KEY"],
            "extra": {
                "endpoint_url": wire["LAKE_S3_ENDPOINT"],
                "region_name": wire["LAKE_S3_REGION"],
                "bucket": BUCKET,
                "config_kwargs": {"s3": {"addressing_style": "path"}},
            },
        }
        | fields
    )


@dataclass(frozen=True)
class Clinic:
    """What the tests hold."""

    around: Surroundings
    wire: dict[str, str]
    lake: LakeStorage
    superuser: Callable[..., Any]
    """Runs a statement as PostgreSQL's superuser, in a database: (database, statement, values)."""

    def found(self, look: Callable[[Surroundings], Any]) -> list[Finding]:
        return list(look(self.around))

    def what(self, look: Callable[[Surroundings], Any]) -> list[str]:
        return [finding.what for finding in look(self.around)]


@pytest.fixture(scope="session")
def doctor_wire(postgres_platform: EmbeddedPlatform, postgres: DirectPostgres) -> dict[str, str]:
    """PostgreSQL with the platform's tables, and an object store."""
    postgres_platform.up("postgres", "object_store")
    return postgres_platform.wire


@pytest.fixture
def clinic(
    doctor_wire: dict[str, str], postgres_platform: EmbeddedPlatform, monkeypatch: pytest.MonkeyPatch
) -> Clinic:
    """Surroundings of which only PostgreSQL and the lake are there."""
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{PLATFORM_CONNECTION.upper()}", postgres_connection(doctor_wire, "PLATFORM")
    )
    monkeypatch.setenv(f"AIRFLOW_CONN_{SHOP.upper()}", postgres_connection(doctor_wire, "SHOP"))
    monkeypatch.setenv(f"AIRFLOW_CONN_{LAKE_CONNECTION.upper()}", lake_connection(doctor_wire))
    lines = (postgres_platform.folder / "state" / "secrets.env").read_text().splitlines()
    secrets = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def superuser(database: str, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(
            host=doctor_wire["PLATFORM_PG_HOST"],
            port=doctor_wire["PLATFORM_PG_PORT"],
            dbname=database,
            user="postgres",
            password=secrets["POSTGRES_PASSWORD"].strip("'\""),
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    around = Surroundings(environ={"LAKEHOUSE_STATE_DIR": str(postgres_platform.folder / "state")})
    lake = around.lake()
    lake.create_bucket()
    for item in list(lake.objects("")):
        lake.delete(item.key)
    return Clinic(around, doctor_wire, lake, superuser)
