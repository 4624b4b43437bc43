"""The tasks that bring Airbyte to what include/airbyte/ declares, or say where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.errors import AirbyteDriftError
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.left_out import told
from lakehouse.airbyte.provisioning import Action, AirbyteProvisioner, Change
from lakehouse.airbyte.sent_secrets import SecretLedger
from lakehouse.platform.airflow_api import AirflowApiError
from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.airflow_connections import airflow_connection
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import AIRBYTE_CONNECTION, PLATFORM_CONNECTION
from lakehouse.receipts import StageReport, empty_report


class ProvisionAirbyteOperator(BaseOperator):
    """Create or change Airbyte's sources, destinations and connections; nothing when all is right.

    Args:
        rewrite_secrets: send configurations again although no difference shows: somebody may have changed a
            secret in Airbyte itself. A boolean or a template that renders to one.
        postgres_conn_id: the platform's database, which remembers what was sent.

    A source without values is left out, with a warning and a note on the run; the task succeeds all the same,
    for what it could do is done, and `report_drift` goes on telling what is missing.

    Returns a StageReport whose detail lists every thing and what became of it.
    """

    template_fields: Sequence[str] = ("rewrite_secrets",)
    ui_color = "#615eff"

    def __init__(
        self,
        *,
        rewrite_secrets: bool | str = False,
        airbyte_conn_id: str = AIRBYTE_CONNECTION,
        postgres_conn_id: str = PLATFORM_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rewrite_secrets = rewrite_secrets
        self.airbyte_conn_id = airbyte_conn_id
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Apply every file of include/airbyte/."""
        provisioner = AirbyteProvisioner(
            LakehouseAirbyteHook(self.airbyte_conn_id).client,
            airflow_connection,
            SecretLedger(platform_postgres(self.postgres_conn_id)),
            rewrite_secrets=str(self.rewrite_secrets).lower() == "true",
        )
        changes = provisioner.apply(read_all_connection_files())
        if note := _left_out_note(changes):
            self._note(context, note)
        return _logged_report(self, changes)

    def _note(self, context: Mapping[str, Any], note: str) -> None:
        """Write what was left out on the run's page; the log has it if Airflow does not take it."""
        try:
            AirflowApiHook().get_conn().annotate(context["ti"].dag_id, context["ti"].run_id, note)
        except (LakehouseError, AirflowApiError) as error:
            self.log.warning("the run has no note of what was left out: %s", error)


class CompareAirbyteOperator(BaseOperator):
    """Compare Airbyte with include/airbyte/ and write nothing.

    Returns a StageReport whose detail lists every thing.

    Raises:
        AirbyteDriftError: something is missing, differs, or is declared in no file.
    """

    ui_color = "#615eff"

    def __init__(
        self,
        *,
        airbyte_conn_id: str = AIRBYTE_CONNECTION,
        postgres_conn_id: str = PLATFORM_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.airbyte_conn_id = airbyte_conn_id
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Look at every file of include/airbyte/ and at every connection of the server."""
        client = LakehouseAirbyteHook(self.airbyte_conn_id).client
        sent = SecretLedger(platform_postgres(self.postgres_conn_id))
        provisioner = AirbyteProvisioner(client, airflow_connection, sent)
        changes = provisioner.compare(read_all_connection_files())
        report = _logged_report(self, changes)
        drifted = [
            f"{change.kind} {change.name} {change.action}"
            + (
                f" ({', '.join(change.differences) or change.why})"
                if change.differences or change.why
                else ""
            )
            for change in changes
            if change.action is not Action.UNCHANGED
        ]
        if drifted:
            raise AirbyteDriftError(
                f"Airbyte at {client.base_url} is not what include/airbyte/ says: {'; '.join(drifted)}. Run "
                "provision_platform, or bring the files up to what the server should keep"
            )
        return report


def _left_out_note(changes: Sequence[Change]) -> str:
    """Markdown: each source that was left out, and what it lacks; empty if none was."""
    reasons = {change.name: change.why for change in changes if change.action is Action.LEFT_OUT}
    lines = [f"- {line}" for line in told(reasons)]
    return "\n".join(["**Sources left out**, all others are provisioned:", "", *lines]) if lines else ""


def _logged_report(operator: BaseOperator, changes: Sequence[Change]) -> StageReport:
    for change in changes:
        if change.action is Action.LEFT_OUT:
            operator.log.warning("source %s is left out: %s", change.name, change.why)
            continue
        operator.log.info(
            "Airbyte %s %s: %s %s", change.kind, change.name, change.action, change.differences or ""
        )
        if change.unknown:
            operator.log.warning(
                "Airbyte %s %s: %s never sent from here, so nobody can tell whether it is the one of the "
                "Airflow connection; provision_platform sends it",
                change.kind,
                change.name,
                ", ".join(change.unknown),
            )
    return empty_report(airbyte=[change.as_detail() for change in changes])
