"""Change data capture when something dies, is lost or is in the way: no change is lost, none comes twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.wire.captured import SIMPLE, Captured
from tests.wire.faults import details

from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.waiting import wait_until

Query = Callable[..., list[tuple[Any, ...]]]


def test_a_slot_that_was_not_advanced_after_the_state_was_saved_brings_nothing_twice(
    captured: Captured, query: Query
) -> None:
    """As after a death between the two, or after PostgreSQL crashed and forgot the slot's last advance."""
    table = captured.table(SIMPLE)
    captured.connect("things")
    captured.sync()
    query("select pg_copy_logical_replication_slot(%s, %s)", (captured.name, f"{captured.name}_old"))
    query(f"insert into {table} values (1, 'a', 1)")
    assert captured.sync()["rowsSynced"] == 1
    query("select pg_drop_replication_slot(%s)", (captured.name,))
    query("select pg_copy_logical_replication_slot(%s, %s)", (f"{captured.name}_old", captured.name))
    query("select pg_drop_replication_slot(%s)", (f"{captured.name}_old",))
    query(f"insert into {table} values (2, 'b', 2)")
    assert captured.sync()["rowsSynced"] == 1
    assert [row["id"] for row in captured.rows()] == [1, 2]


def test_the_slot_stays_where_it_is_while_nothing_can_be_stored(
    airbyte: AirbyteServer, captured: Captured, query: Query
) -> None:
    table = captured.table(SIMPLE)
    captured.connect("things")
    captured.sync()
    before = captured.slot()["confirmed"]
    query(f"insert into {table} values (1, 'a', 1)")
    destination = airbyte.call("GET", f"/connections/{captured.connection}")["destinationId"]
    right = airbyte.environ["LAKE_S3_SECRET_KEY"]

    def use(secret: str) -> None:
        body = {"configuration": {"secret_access_key": secret}}
        airbyte.call("PATCH", f"/destinations/{destination}", body)

    use("wrong")
    assert captured.failure(captured.try_sync())["failureOrigin"] == "destination"
    assert captured.slot()["confirmed"] == before
    use(right)
    assert captured.sync()["rowsSynced"] == 1


def test_a_commit_that_is_not_on_the_disk_when_it_is_looked_for_comes_with_the_next_sync(
    captured: Captured, query: Query
) -> None:
    """Rows were lost when syncs met commits that a busy disk had not taken yet, which nobody can decode.

    Here each sync makes such a commit itself, right before it looks where the log ends.
    """
    table = captured.table("id bigint generated always as identity primary key, name text")
    late = f"set synchronous_commit = off; insert into {table} (name) values ('late')"
    captured.connect("things", heartbeat_action_query=late)
    for _ in range(4):
        captured.sync()
    written = captured.source_rows()
    assert len(written) == 4
    captured.airbyte.call(
        "PATCH",
        f"/sources/{captured.source}",
        {"configuration": {"replication_method": captured.method()}},
    )
    captured.sync()
    assert captured.newest() == written


@pytest.mark.parametrize("loss", ["gone", "advanced by another", "invalidated"])
def test_lost_changes_are_reported_with_what_to_do_and_a_refresh_repairs_it(
    stack: IngestionStack, airbyte: AirbyteServer, captured: Captured, query: Query, loss: str
) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2)")
    captured.connect("things")
    captured.sync()
    query(f"delete from {table} where id = 1")
    _lose(stack, captured, query, loss)
    job = captured.try_sync()
    failure = captured.failure(job)
    assert (job["status"], failure["failureType"]) == ("failed", "config_error")
    assert {"gone": "gone", "advanced by another": "somebody else", "invalidated": "invalidated"}[
        loss
    ] in failure["externalMessage"]
    assert "'refresh'" in failure["externalMessage"]
    assert len(details(airbyte, job)["attempts"]) == 1
    refresh = airbyte.call("POST", "/jobs", {"connectionId": captured.connection, "jobType": "refresh"})
    assert airbyte.wait(refresh["jobId"])["status"] == "succeeded"
    assert captured.newest() == captured.source_rows(), "what was deleted meanwhile is deleted here too"
    query(f"update {table} set name = 'c'")
    assert captured.sync()["rowsSynced"] == 1
    generation = captured.landing.rows("things").sort_by("_ab_cdc_lsn")["_airbyte_generation_id"].to_pylist()
    assert generation == [0, 0, 1, 1, 1], (
        "the rows, the end of what was lost, the row that is left, its change"
    )
    assert captured.newest() == captured.source_rows()


def test_lost_changes_are_repaired_at_once_where_the_source_says_so(captured: Captured, query: Query) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1)")
    captured.connect("things", invalid_cdc_cursor_position_behavior="Re-sync data")
    captured.sync()
    query("select pg_drop_replication_slot(%s)", (captured.name,))
    query(f"insert into {table} values (2, 'b', 2)")
    query(f"delete from {table} where id = 1")
    job = captured.sync()
    assert job["rowsSynced"] == 2, "the row that is left, and one that deletes all that was landed before"
    assert "all tables are read again" in captured.log(job)
    assert captured.newest() == captured.source_rows()


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        ("drop publication {name}", "CREATE PUBLICATION"),
        ("alter publication {name} drop table {name}.things", "ADD TABLE"),
        ("alter publication {name} set (publish = 'insert')", "SET (publish ="),
        ("alter table {name}.things drop constraint things_pkey", "REPLICA IDENTITY FULL"),
        ("drop table {name}.things", "no table things"),
        ("alter publication {name} set (publish = 'insert, update, delete')", "truncations"),
        ("alter publication {name} set table {name}.things (id, name)", "leaves out amount"),
        ("alter publication {name} set table {name}.things where (id > 5)", "WHERE (id > 5)"),
        ("create table {name}.more () inherits ({name}.things)", "inherit from it ({name}.more)"),
        (
            "alter publication {name} drop table {name}.things; alter table {name}.things set unlogged",
            "SET LOGGED",
        ),
        (
            "alter table {name}.things alter name set not null;"
            " create unique index by_name on {name}.things (name);"
            " alter table {name}.things replica identity using index by_name",
            "REPLICA IDENTITY DEFAULT",
        ),
        ("select pg_create_physical_replication_slot('{name}')", "belongs to"),
    ],
)
def test_what_is_missing_is_named_with_the_statement_that_mends_it(
    captured: Captured, query: Query, spoil: str, named: str
) -> None:
    captured.table(SIMPLE)
    captured.connect("things")
    query(spoil.format(name=captured.name))
    failure = captured.failure(captured.try_sync())
    assert failure["failureType"] == "config_error"
    assert named.format(name=captured.name) in failure["externalMessage"]


def test_a_slot_in_use_is_left_alone_and_the_user_of_it_named(
    stack: IngestionStack, airbyte: AirbyteServer, captured: Captured, query: Query
) -> None:
    table = captured.table(SIMPLE)
    captured.connect("things")
    captured.sync()
    query(f"insert into {table} values (1, 'a', 1)")
    # Not as a context manager: that would send a commit into the stream.
    other = psycopg.connect(**stack.database("SHOP"), replication="database", autocommit=True)
    try:
        start = f"START_REPLICATION SLOT {captured.name} LOGICAL 0/0"
        options = f"(proto_version '1', publication_names '{captured.name}')"
        reader = other.info.backend_pid
        other.pgconn.exec_(f"{start} {options}".encode())
        job = captured.try_sync()
    finally:
        other.close()
    assert f"in use by process {reader}" in captured.failure(job)["externalMessage"]
    assert len(details(airbyte, job)["attempts"]) == 3
    free = "select active_pid from pg_replication_slots where slot_name = %s"
    wait_until(lambda: query(free, (captured.name,)) == [(None,)], "the slot is free", 30)
    assert captured.sync()["rowsSynced"] == 1


def test_a_transaction_larger_than_memory_allows_lands_whole(
    airbyte: AirbyteServer, captured: Captured, query: Query
) -> None:
    """300,000 rows, some of a megabyte, in one transaction; 256 MB for the engine: batches go to files."""
    table = captured.table("id bigint primary key, big text")
    captured.connect("things")
    limits = {"resourceAllocation": {"default": {"memory_limit": "256Mi"}}}
    airbyte.call("PATCH", f"/sources/{captured.source}", limits)
    captured.sync()
    query(
        f"insert into {table} select n, case mod(n, 3000) when 0"
        " then repeat(n::text, 1000000 / length(n::text)) else 'small' end"
        " from generate_series(1, 300000) as n"
    )
    job = captured.sync()
    assert job["rowsSynced"] == 300_000
    rows = captured.landing.rows("things")
    assert rows.num_rows == 300_000
    assert max(len(text) for text in rows["big"].to_pylist()) >= 999_990
    seen = details(airbyte, job)["attempts"][0]["attempt"]["replicationSlot"]
    assert seen["behind"] < 1_000_000


def _lose(stack: IngestionStack, captured: Captured, query: Query, loss: str) -> None:
    if loss == "gone":
        query("select pg_drop_replication_slot(%s)", (captured.name,))
        return
    if loss == "advanced by another":
        query("select pg_replication_slot_advance(%s, pg_current_wal_lsn())", (captured.name,))
        return
    owner = stack.database("SHOP") | {
        "user": "postgres",
        "dbname": "postgres",
        "password": stack.superuser_password(),
    }
    with psycopg.connect(**owner, autocommit=True) as server:
        server.execute("alter system set max_slot_wal_keep_size = '1MB'")
        server.execute("select pg_reload_conf()")
        try:
            for _ in range(4):
                query("select pg_logical_emit_message(false, 'noise', repeat('x', 9000000))")
                server.execute("select pg_switch_wal()")
            server.execute("checkpoint")
            assert captured.slot()["status"] == "lost"
        finally:
            server.execute("alter system reset max_slot_wal_keep_size")
            server.execute("select pg_reload_conf()")
