"""Replication slots of the sources: what a slot keeps fills the source's disk until somebody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings

WARN_LAG_BYTES: Final = 2**30
"""Slots are read every 15 minutes and at night: a GiB of WAL means that several reads did not happen."""
_SLOTS: Final = """
select
    slot_name,
    slot_type,
    active,
    wal_status,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint as lag,
    database,
    temporary
from pg_replication_slots
order by slot_name
"""


def slots_look(conn_id: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """The look at the database behind one Airflow connection."""

    def look(around: Surroundings) -> Iterator[Finding]:
        if around.connection(conn_id).conn_type != "postgres":
            raise NotConfiguredError(f"{conn_id} is not PostgreSQL")
        declared = {
            slot: each
            for each in read_all_connection_files()
            if each.source.airflow_connection == conn_id and (slot := slot_of(each))
        }
        # A stream makes its slot when it is first started: doctor/stream.py looks at that.
        nightly = {slot: each for slot, each in declared.items() if by_the_clock([each])}
        postgres = around.postgres(conn_id)
        held = {row[0]: row for row in postgres.rows(_SLOTS)}
        if declared:
            yield from _settings(postgres, conn_id, around)
            yield from publications(postgres, nightly.values(), conn_id, around)
        for slot, each in nightly.items():
            if slot not in held:
                what = f"the replication slot {slot} of {each.name} is not there"
                seen = f"{conn_id}: pg_replication_slots"
                yield error(what, seen, around.library_command("airbyte", "diff"))
        for row in held.values():
            yield from _slot(row, declared, conn_id, around)

    return look


def _slot(
    row: Any, declared: Mapping[str, ConnectionFile], conn_id: str, around: Surroundings
) -> Iterator[Finding]:
    slot, kind, active, status, lag, database, temporary = row
    seen = f"{conn_id}: {kind} slot of database {database}, active {active}, {status}, {_mib(lag)} behind"
    drop = around.psql_command(conn_id, f"select pg_drop_replication_slot('{slot}')")
    if status == "lost":
        what = f"the replication slot {slot} is invalidated: changes were lost, the tables must be read again"
        known = slot in declared
        yield error(
            what, seen, around.library_command("airbyte", f"refresh {declared[slot].name}") if known else drop
        )
        return
    if slot not in declared:
        if not active and not temporary:
            what = f"the replication slot {slot} is used by no connection and keeps WAL forever"
            yield warn(what, seen, drop)
        return
    sync = _reading(around, declared[slot])
    if status == "unreserved":
        yield error(f"the replication slot {slot} is about to be invalidated", seen, sync)
    elif lag > WARN_LAG_BYTES:
        yield warn(f"the replication slot {slot} is {_mib(lag)} behind: nobody reads it", seen, sync)


def _reading(around: Surroundings, declared: ConnectionFile) -> str:
    """What has somebody read the slot."""
    if by_the_clock([declared]):
        return around.trigger_command(f"sync_{declared.name}")
    return around.library_command("stream", "start")


def _settings(postgres: Any, conn_id: str, around: Surroundings) -> Iterator[Finding]:
    settings = dict(
        postgres.rows(
            "select name, setting from pg_settings where name = any(%s)",
            (["wal_level", "max_slot_wal_keep_size"],),
        )
    )
    if settings.get("wal_level") != "logical":
        command = around.psql_command(conn_id, "alter system set wal_level = logical")
        what = f"{conn_id} cannot tell its changes: wal_level is not logical"
        yield error(what, f"wal_level {settings.get('wal_level')}", command)
    if settings.get("max_slot_wal_keep_size") == "-1":
        command = around.psql_command(conn_id, "alter system set max_slot_wal_keep_size = '10GB'")
        what = f"{conn_id} keeps WAL for its slots without limit: a slot that nobody reads fills its disk"
        yield warn(what, "max_slot_wal_keep_size -1", command)


def publications(
    postgres: Any, declared: Iterable[ConnectionFile], conn_id: str, around: Surroundings
) -> Iterator[Finding]:
    """Tables that the connections' publications lack."""
    published: dict[str, set[str]] = {}
    for name, table in postgres.rows("select pubname, tablename from pg_publication_tables"):
        published.setdefault(name, set()).add(table)
    for each in declared:
        publication = each.source.configuration["replication_method"].get("publication", "")
        missing = sorted({stream.name for stream in each.streams} - published.get(publication, set()))
        if missing:
            grant = f"alter publication {publication} add table {', '.join(missing)}"
            what = f"the publication {publication} of {each.name} lacks tables: their changes are not told"
            yield error(what, ", ".join(missing), around.psql_command(conn_id, grant))


def slot_of(declared: ConnectionFile) -> str | None:
    """The replication slot that a connection reads from; None for one that reads no log."""
    method = declared.source.configuration.get("replication_method")
    return (
        str(method["replication_slot"])
        if isinstance(method, Mapping) and method.get("replication_slot")
        else None
    )


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
