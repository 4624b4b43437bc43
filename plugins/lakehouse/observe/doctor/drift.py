"""Do Airbyte, Dremio and Superset hold what include/ declares? Compared by the code that applies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.provisioning import Action, AirbyteProvisioner
from lakehouse.airbyte.sent_secrets import SecretLedger
from lakehouse.bronze.catalogue import BronzeCatalogue
from lakehouse.bronze.contract_file import load_contracts
from lakehouse.bronze.new_columns import NewColumnLedger
from lakehouse.dremio.reflections import load_reflections, reflection_drift
from lakehouse.dremio.sources import LakeAccess, load_sources, source_drift
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform.airflow_connections import ConnectionMissingError
from lakehouse.platform.names import LAKE_CONNECTION
from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.import_assets import outdated_dashboards

if TYPE_CHECKING:
    from airflow.sdk import Connection


def airbyte_drift_look(around: Surroundings) -> Iterator[Finding]:
    """Sources, destinations and connections that are missing, differ, or that no file declares."""

    def find(conn_id: str) -> Connection:
        try:
            return around.connection(conn_id)
        except NotConfiguredError as reason:
            raise ConnectionMissingError(str(reason)) from reason

    provisioner = AirbyteProvisioner(around.airbyte(), find, SecretLedger(around.postgres()))
    for change in provisioner.compare(read_all_connection_files()):
        if change.action is Action.UNCHANGED:
            continue
        if change.action is Action.UNDECLARED:
            what = f"Airbyte's connection {change.name} is declared by no file of include/airbyte"
            yield warn(what, change.action, around.library_command("airbyte", "diff"))
            continue
        if change.action is Action.LEFT_OUT:
            yield warn(f"Airbyte's source {change.name} is left out", change.why, around.renew_command)
            continue
        paths = ", ".join(change.differences) or str(change.action)
        what = f"Airbyte's {change.kind} {change.name} {_verb(change.action)}"
        report = error if change.action is Action.MISSING else warn
        yield report(what, paths, around.library_command("airbyte", "apply"))


def dremio_sources_look(around: Surroundings) -> Iterator[Finding]:
    """Sources and spaces."""
    lake, connection = around.lake(), around.connection(LAKE_CONNECTION)
    access = LakeAccess(
        str(connection.extra_dejson.get("endpoint_url") or ""),
        connection.login or "",
        connection.password or "",
        lake.bucket,
    )
    command = around.trigger_command("provision_platform")
    for name, differs in source_drift(around.dremio(), load_sources(), access):
        report = error if differs == "missing" else warn
        yield report(f"Dremio's {name} differs from include/dremio/sources.yaml", differs, command)


def dremio_reflections_look(around: Surroundings) -> Iterator[Finding]:
    """Reflections that are missing, differ, have failed or were given up."""
    client = around.dremio()
    command = around.airflow_command("dags list-runs refresh_reflections")
    for spec in load_reflections():
        if (differs := reflection_drift(client, spec)) is not None:
            what = f"Dremio's reflection {spec.title} is not what include/dremio/reflections/ wants"
            yield warn(what, differs, command)


def dremio_views_look(around: Surroundings) -> Iterator[Finding]:
    """Views over bronze."""
    catalogue, columns = BronzeCatalogue(around.dremio()), NewColumnLedger(around.postgres())
    for contract in load_contracts():
        for path, differs in catalogue.view_drift(columns.extend(contract)):
            what = f"Dremio's view {path} is not the one that load_bronze makes"
            yield warn(what, differs, around.airflow_command("dags list-runs load_bronze"))


def superset_drift_look(around: Surroundings) -> Iterator[Finding]:
    """Dashboards that were imported from other files, or have lost charts."""
    bundle = read_bundle(INCLUDE / "superset")
    command = around.trigger_command("provision_platform")
    for dashboard in outdated_dashboards(around.superset(), bundle):
        what = f"Superset's dashboard {dashboard.title!r} is not the one of include/superset"
        yield warn(what, f"digest of the files: {bundle.digest}", command)


def _verb(action: Action) -> str:
    return "is missing" if action is Action.MISSING else "differs from its file"
