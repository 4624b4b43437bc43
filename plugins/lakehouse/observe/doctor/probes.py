"""Every probe there is, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.observe.doctor import (
    airflow_state,
    checkout,
    clock,
    connections,
    disk,
    drift,
    expiry,
    lake_files,
    own_tables,
    slots,
    stream,
    versions,
)
from lakehouse.observe.doctor.run import Probe
from lakehouse.platform import names
from lakehouse.platform.errors import PermanentError

_AIRBYTE: tuple[str, ...] = (names.AIRBYTE_CONNECTION,)
_AIRFLOW = (names.AIRFLOW_CONNECTION,)
_DREMIO = (names.DREMIO_CONNECTION,)
_LAKE = (names.LAKE_CONNECTION, names.PLATFORM_CONNECTION)
_PLATFORM = (names.PLATFORM_CONNECTION,)
_SUPERSET = (names.SUPERSET_CONNECTION,)


class UnknownProbeError(PermanentError):
    """`--only` names neither a probe nor a group."""


def all_probes() -> list[Probe]:
    """The table; those of a connection exist once for each."""
    return [*_per_connection(), *_per_product(), *_FIXED]


def chosen(words: Sequence[str]) -> list[Probe]:
    """The probes and groups of these names; without words all.

    Raises:
        UnknownProbeError: a word names nothing; the message lists the groups.
    """
    probes = all_probes()
    for word in words:
        if not any(word in (probe.name, probe.group) for probe in probes):
            groups = ", ".join(dict.fromkeys(probe.group for probe in probes))
            raise UnknownProbeError(f"no probe is called {word!r}; there are: {groups}")
    return [probe for probe in probes if not words or {probe.name, probe.group}.intersection(words)]


def _per_connection() -> Iterator[Probe]:
    looks = connections.connection_looks()
    for conn_id, (look, _) in looks.items():
        yield Probe(f"connections.{conn_id}", "connections", look)
    every = read_all_connection_files()
    sources = {each.source.airflow_connection for each in every}
    streamed = {each.source.airflow_connection for each in every if not by_the_clock([each])}
    for conn_id in sorted(sources):
        yield Probe(f"slots.{conn_id}", "slots", slots.slots_look(conn_id), (conn_id,))
    for conn_id in sorted(streamed):
        yield Probe(f"stream.{conn_id}", "stream", stream.source_look(conn_id), (conn_id, *_PLATFORM))
    for conn_id in looks:
        yield Probe(f"secrets.{conn_id}", "secrets", expiry.tokens_look(conn_id))
        yield Probe(f"certificates.{conn_id}", "secrets", expiry.certificates_look(conn_id), (conn_id,))
    for conn_id in sorted({names.PLATFORM_CONNECTION} | sources):
        yield Probe(f"roles.{conn_id}", "secrets", expiry.roles_look(conn_id), (conn_id,))


def _per_product() -> Iterator[Probe]:
    for product, needs in versions.READ_FROM.items():
        yield Probe(f"versions.{product}", "versions", versions.product_look(product), needs)
    for service, needs in clock.CLOCKS.items():
        yield Probe(f"clock.{service}", "clock", clock.clock_look(service), needs)


_FIXED = (
    Probe("secrets.dremio_tokens", "secrets", expiry.dremio_tokens_look, _DREMIO),
    Probe("versions.packages", "versions", versions.packages_look),
    Probe("disk", "disk", disk.disk_look),
    Probe("schedule", "schedule", airflow_state.schedule_look, _AIRFLOW),
    Probe("pools", "schedule", airflow_state.pools_look, _AIRFLOW),
    Probe("stuck", "stuck", airflow_state.stuck_look, _AIRFLOW),
    Probe("drift.airbyte", "drift", drift.airbyte_drift_look, _AIRBYTE),
    Probe("drift.dremio_sources", "drift", drift.dremio_sources_look, _DREMIO),
    Probe("drift.dremio_reflections", "drift", drift.dremio_reflections_look, _DREMIO),
    Probe("drift.dremio_views", "drift", drift.dremio_views_look, (*_DREMIO, *_PLATFORM)),
    Probe("drift.superset", "drift", drift.superset_drift_look, _SUPERSET),
    Probe("files.bronze", "files", lake_files.bronze_files_look, _LAKE),
    Probe("files.landing", "files", lake_files.landing_files_look, _LAKE),
    Probe("files.quarantine", "files", lake_files.quarantine_files_look, _LAKE),
    Probe("unloaded", "unloaded", lake_files.unloaded_rows_look, _PLATFORM),
    Probe("stream.loop", "stream", stream.loop_look, (*_PLATFORM, *_AIRFLOW)),
    Probe("stream.lag", "stream", stream.lag_look, _PLATFORM),
    Probe("stream.seam", "stream", stream.seam_look, _PLATFORM),
    Probe("environments", "environments", checkout.environments_look),
    Probe("tables", "tables", own_tables.tables_look, _PLATFORM),
    Probe("heartbeats", "heartbeats", own_tables.heartbeats_look, _PLATFORM),
    Probe("incidents", "incidents", own_tables.incidents_look, _PLATFORM),
)
