"""The position of the source's log that a night notes: the sync that follows sees everything before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.landing.source_position import position_before_sync
from lakehouse.platform.database import platform_postgres, transaction
from testing.ingestion_stack import AirbyteServer
from testing.lakehouse.extract_task import Night

DECLARED = read_connection_file("shop_postgres_to_lake")
CHANGE = (
    "update public.products set updated_at = updated_at"
    " where product_id = (select min(product_id) from public.products)"
)


@contextmanager
def shop() -> Iterator[Any]:
    """A connection to the source."""
    connection = platform_postgres("shop_postgres").get_conn()
    try:
        yield connection
    finally:
        connection.close()


def log_end() -> int:
    """Where the source's log ends now."""
    with transaction(platform_postgres("shop_postgres")) as cursor:
        cursor.execute("select (pg_current_wal_insert_lsn() - '0/0')::bigint")
        [end] = cursor.fetchone()
        return int(end)


def test_the_position_is_the_end_of_the_log(airbyte: AirbyteServer) -> None:
    before = log_end()
    position = position_before_sync(DECLARED)
    assert position is not None
    assert before <= position <= log_end()


def test_a_transaction_that_is_open_is_waited_for(airbyte: AirbyteServer) -> None:
    with shop() as connection, connection.cursor() as cursor:
        cursor.execute(CHANGE)
        found: list[int | None] = []
        asking = Thread(target=lambda: found.append(position_before_sync(DECLARED, settle_seconds=60)))
        asking.start()
        asking.join(timeout=0.5)
        assert asking.is_alive()
        assert found == []
        connection.commit()
        asking.join(timeout=60)
    [position] = found
    assert position is not None
    assert position <= log_end()


def test_no_position_is_noted_while_a_transaction_stays_open(airbyte: AirbyteServer) -> None:
    with shop() as connection, connection.cursor() as cursor:
        cursor.execute(CHANGE)
        assert position_before_sync(DECLARED, settle_seconds=0.3) is None
        connection.rollback()
    assert position_before_sync(DECLARED) is not None


def test_a_source_that_cannot_be_asked_costs_the_night_nothing(airbyte: AirbyteServer) -> None:
    class Away:
        def get_conn(self) -> Any:
            raise OSError("no route to host")

    assert position_before_sync(DECLARED, Away()) is None


def test_a_source_that_is_read_from_its_log_or_is_no_database_has_no_position(airbyte: AirbyteServer) -> None:
    assert position_before_sync(read_connection_file("shop_postgres_cdc_to_lake")) is None
    assert position_before_sync(read_connection_file("shop_api_to_lake")) is None


def test_a_night_keeps_the_position_with_its_job(airbyte: AirbyteServer) -> None:
    ProvisionAirbyteOperator(task_id="provision").execute({})
    before = log_end()
    report = Night("2024-05-05").extract()
    with transaction(platform_postgres()) as cursor:
        cursor.execute("select job_id, lsn from source_positions where business_date = '2024-05-05'")
        [(job_id, lsn)] = cursor.fetchall()
    assert job_id == report["external_jobs"][0]["id"]
    assert before <= lsn <= log_end()
