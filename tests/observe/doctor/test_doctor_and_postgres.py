"""Probes of PostgreSQL, each with something planted that it must find, and something sound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from lakehouse.observe.doctor import connections, own_tables, slots
from lakehouse.observe.doctor.clock import clock_look
from lakehouse.observe.doctor.expiry import certificates_look, roles_look
from lakehouse.observe.doctor.finding import NotConfiguredError, Severity
from lakehouse.observe.doctor.lake_files import unloaded_rows_look
from lakehouse.observe.doctor.versions import product_look
from lakehouse.platform.metadata_tables import declared_tables
from lakehouse.platform.names import PLATFORM_CONNECTION
from tests.observe.doctor.conftest import SHOP, Clinic, postgres_connection

LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}


@contextmanager
def changed(clinic: Clinic, database: str, statement: str, back: str) -> Iterator[None]:
    clinic.superuser(database, statement)
    try:
        yield
    finally:
        clinic.superuser(database, back)


def test_the_doctor_cannot_write_even_if_it_wanted_to(clinic: Clinic) -> None:
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        clinic.around.postgres().rows("create table doctor_was_here (a int)")
    assert clinic.around.postgres().rows("show statement_timeout") == [("8s",)]


def test_declared_tables_are_those_that_postgresql_made(clinic: Clinic) -> None:
    held: dict[str, set[str]] = {}
    for table, column in clinic.around.postgres().rows(
        "select table_name, column_name from information_schema.columns where table_schema = 'public'"
    ):
        held.setdefault(table, set()).add(column)
    declared = declared_tables()
    assert len(declared) > 5
    for table, columns in declared.items():
        assert columns <= held[table], table
        assert held[table] <= columns, f"{table}: a column that the parser did not see"


def test_missing_tables_and_columns_are_named(clinic: Clinic) -> None:
    assert clinic.found(own_tables.tables_look) == []
    rename = "alter table dbt_run_history rename to hidden_history"
    with changed(clinic, "platform", rename, "alter table hidden_history rename to dbt_run_history"):
        [missing] = clinic.found(own_tables.tables_look)
    assert missing.what == "tables are missing: dbt_run_history; the database is older than the code"
    rename = "alter table landing_files rename column expired_at to hidden"
    with changed(clinic, "platform", rename, "alter table landing_files rename column hidden to expired_at"):
        [lacking] = clinic.found(own_tables.tables_look)
    assert (lacking.evidence, lacking.severity) == ("expired_at", Severity.ERROR)
    assert lacking.command == "bin/airflow dags trigger provision_platform"


def test_a_right_that_was_taken_away_is_named_with_its_grant(clinic: Clinic) -> None:
    assert clinic.found(LOOKS[PLATFORM_CONNECTION]) == []
    with changed(
        clinic,
        "platform",
        "revoke insert, delete on bronze_loads from platform",
        "grant insert, delete on bronze_loads to platform",
    ):
        [found] = clinic.found(LOOKS[PLATFORM_CONNECTION])
    assert (found.what, found.evidence) == ("platform lacks rights on bronze_loads", "DELETE, INSERT")
    assert found.command.endswith('--command="grant delete, insert on bronze_loads to platform"')


def test_a_password_that_is_wrong_is_found_and_not_told(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = postgres_connection(clinic.wire, "PLATFORM", password="wrong-password")
    monkeypatch.setenv(f"AIRFLOW_CONN_{PLATFORM_CONNECTION.upper()}", wrong)
    [found] = clinic.found(LOOKS[PLATFORM_CONNECTION])
    assert found.what == "platform_postgres does not answer, or refuses"
    assert "wrong-password" not in repr(found)


def test_a_source_that_cannot_be_read_or_replicated_is_named(clinic: Clinic) -> None:
    tables = ("customers", "orders", "products", "stock_levels")
    for table in tables:
        clinic.superuser("shop", f"create table if not exists {table} (a int)")
        clinic.superuser("shop", f"grant select on {table} to shop")
    try:
        assert clinic.what(LOOKS[SHOP]) == []
        with changed(clinic, "shop", "revoke select on orders from shop", "grant select on orders to shop"):
            assert clinic.what(LOOKS[SHOP]) == ["shop_postgres: shop may not read orders"]
        with changed(clinic, "shop", "alter role shop noreplication", "alter role shop replication"):
            [found] = clinic.found(LOOKS[SHOP])
            assert "write-ahead log" in found.what
        clinic.superuser("shop", "drop table orders")
        assert any(
            "orders of shop_postgres_to_lake is not there" in what for what in clinic.what(LOOKS[SHOP])
        )
    finally:
        for table in tables:
            clinic.superuser("shop", f"drop table if exists {table}")


def test_slots_that_nobody_uses_or_that_are_missing_are_named(clinic: Clinic) -> None:
    look = slots.slots_look(SHOP)
    clinic.superuser("shop", "create table stock_levels (a int)")
    try:
        before = clinic.what(look)
        assert "the replication slot airbyte_slot of shop_postgres_cdc_to_lake is not there" in before
        assert any("lacks tables" in what for what in before)
        clinic.superuser("shop", "create publication airbyte_publication for table stock_levels")
        clinic.superuser("shop", "select pg_create_logical_replication_slot('airbyte_slot', 'pgoutput')")
        assert clinic.what(look) == []
        clinic.superuser("shop", "select pg_create_logical_replication_slot('forgotten', 'pgoutput')")
        [found] = clinic.found(look)
        assert found.what == "the replication slot forgotten is used by no connection and keeps WAL forever"
        assert found.command.endswith("--command=\"select pg_drop_replication_slot('forgotten')\"")
    finally:
        clinic.superuser("shop", "select pg_drop_replication_slot(slot_name) from pg_replication_slots")
        clinic.superuser("shop", "drop publication if exists airbyte_publication")
        clinic.superuser("shop", "drop table stock_levels")


def test_a_slot_that_lags_is_named(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.superuser("shop", "create table stock_levels (a int)")
    clinic.superuser("shop", "create publication airbyte_publication for table stock_levels")
    clinic.superuser("shop", "select pg_create_logical_replication_slot('airbyte_slot', 'pgoutput')")
    try:
        monkeypatch.setattr(slots, "WARN_LAG_BYTES", 100_000)
        clinic.superuser("shop", "insert into stock_levels select generate_series(1, 20000)")
        [found] = clinic.found(slots.slots_look(SHOP))
        assert "behind: nobody reads it" in found.what
        assert found.command == "bin/airflow dags trigger sync_shop_postgres_cdc_to_lake"
    finally:
        clinic.superuser("shop", "select pg_drop_replication_slot(slot_name) from pg_replication_slots")
        clinic.superuser("shop", "drop publication airbyte_publication")
        clinic.superuser("shop", "drop table stock_levels")


@pytest.mark.parametrize(
    ("days", "severity", "words"),
    [(3, Severity.WARN, "expires in"), (-1, Severity.ERROR, "has expired"), (60, None, ""), (None, None, "")],
)
def test_a_password_that_ends_is_said_before(
    clinic: Clinic, days: int | None, severity: Severity | None, words: str
) -> None:
    until = "infinity" if days is None else (datetime.now(UTC) + timedelta(days=days)).isoformat()
    clinic.superuser("postgres", "drop role if exists passing")
    clinic.superuser("postgres", f"create role passing login password 'passing-secret' valid until '{until}'")
    try:
        found = _roles_of(clinic, "passing", severity)
    finally:
        clinic.superuser("postgres", "drop role passing")
    assert [each.severity for each in found] == ([severity] if severity else [])
    assert all(words in each.what for each in found)


def _roles_of(clinic: Clinic, role: str, severity: Severity | None) -> list[Any]:
    """The look, by a session that began while the password was good."""

    class Passing(type(clinic.around)):  # type: ignore[misc]
        def postgres(self, conn_id: str = PLATFORM_CONNECTION) -> Any:
            rows = clinic.superuser(
                "platform",
                "select rolname, case when isfinite(rolvaliduntil) then rolvaliduntil end"
                " from pg_roles where rolname = %s",
                role,
            )
            return type("Rows", (), {"rows": lambda self, sql: rows})()

    if severity is Severity.ERROR:  # who has expired cannot sign in any more
        return list(roles_look(PLATFORM_CONNECTION)(Passing(environ=clinic.around.environ)))
    with pytest.MonkeyPatch.context() as patch:
        connection = postgres_connection(clinic.wire, "PLATFORM", login=role, password="passing-secret")
        patch.setenv(f"AIRFLOW_CONN_{PLATFORM_CONNECTION.upper()}", connection)
        return clinic.found(roles_look(PLATFORM_CONNECTION))


def test_the_clock_of_postgresql_is_compared(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clinic.found(clock_look("postgres")) == []
    for seconds, severity, word in ((-60, Severity.WARN, "ahead of"), (900, Severity.ERROR, "behind")):
        now = lambda self, off=seconds: datetime.now(UTC) + timedelta(seconds=off)  # noqa: E731
        with monkeypatch.context() as patch:
            patch.setattr(type(clinic.around), "now", now)
            [found] = clinic.found(clock_look("postgres"))
        assert (found.severity, word in found.what) == (severity, True)


def test_the_version_of_postgresql_is_read(clinic: Clinic) -> None:
    assert [each for each in clinic.found(product_look("postgres")) if each.severity is Severity.ERROR] == []


def test_a_server_without_tls_has_no_certificate(clinic: Clinic) -> None:
    with pytest.raises(NotConfiguredError, match="offers no TLS"):
        clinic.found(certificates_look(PLATFORM_CONNECTION))


def test_rows_that_no_date_loads_are_named(clinic: Clinic) -> None:
    assert clinic.found(unloaded_rows_look) == []
    clinic.superuser(
        "platform",
        "insert into landing_files values"
        " ('doctor/a', 'postgres', 'orders', '1999-01-01', '1', 7, 9, now() - interval '1 day')",
    )
    try:
        [found] = clinic.found(unloaded_rows_look)
    finally:
        clinic.superuser("platform", "delete from landing_files where s3_key = 'doctor/a'")
    assert "7 rows (7 of postgres.orders) claimed for 1999-01-01 are not in bronze" in found.evidence
    assert found.command == "bin/bronze unloaded"


def test_silent_heartbeats_and_open_incidents_are_named(clinic: Clinic) -> None:
    clinic.superuser(
        "platform",
        "insert into heartbeats values ('doctor test', now(), now() - interval '20 minutes'),"
        " ('awake', now(), now())",
    )
    clinic.superuser(
        "platform",
        "insert into incidents (kind, root, severity, summary, command, evidence, fingerprint, opened_at,"
        " updated_at, occurrences, resolved_at)"
        " select 'failed', 'doctor', 'warn', 'doctor ' || word, 'make up', '{}', 'f', now(), now(), 1, ended"
        " from (values ('is ill', null), ('was ill', now())) as i (word, ended)",
    )
    try:
        silent = [
            what for what in clinic.what(own_tables.heartbeats_look) if "doctor" in what or "awake" in what
        ]
        opened = [each for each in clinic.found(own_tables.incidents_look) if "doctor" in each.what]
    finally:
        clinic.superuser("platform", "delete from heartbeats where name in ('doctor test', 'awake')")
        clinic.superuser("platform", "delete from incidents where root = 'doctor'")
    assert silent == ["doctor test has been silent for 20 min"]
    assert [(each.what, each.command) for each in opened] == [("open incident: doctor is ill", "make up")]
