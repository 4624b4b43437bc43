"""The tasks that bring Airbyte to what include/airbyte/ declares, or say where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.errors import AirbyteDriftError
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.provisioning import Action, AirbyteProvisioner, Change
from lakehouse.platform.names import AIRBYTE_CONNECTION
from lakehouse.receipts import StageReport, empty_report


class ProvisionAirbyteOperator(BaseOperator):
    """Create or change Airbyte's sources, destinations and connections; nothing when all is right.

    Args:
        rewrite_secrets: send configurations again although no difference shows: Airbyte hides secrets.
            A boolean or a template that renders to one.

    Returns a StageReport whose detail lists every thing and what became of it.
    """

    template_fields: Sequence[str] = ("rewrite_secrets",)
    ui_color = "#615eff"

    def __init__(
        self,
        *,
        rewrite_secrets: bool | str = False,
        airbyte_conn_id: str = AIRBYTE_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rewrite_secrets = rewrite_secrets
        self.airbyte_conn_id = airbyte_conn_id

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Apply every file of include/airbyte/."""
        provisioner = AirbyteProvisioner(
            LakehouseAirbyteHook(self.airbyte_conn_id).client,
            BaseHook.get_connection,
            rewrite_secrets=str(self.rewrite_secrets).lower() == "true",
        )
        return _logged_report(self, provisioner.apply(read_all_connection_files()))


class CompareAirbyteOperator(BaseOperator):
    """Compare Airbyte with include/airbyte/ and write nothing.

    Returns a StageReport whose detail lists every thing.

    Raises:
        AirbyteDriftError: something is missing, differs, or is declared in no file.
    """

    ui_color = "#615eff"

    def __init__(self, *, airbyte_conn_id: str = AIRBYTE_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.airbyte_conn_id = airbyte_conn_id

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Look at every file of include/airbyte/ and at every connection of the server."""
        client = LakehouseAirbyteHook(self.airbyte_conn_id).client
        changes = AirbyteProvisioner(client, BaseHook.get_connection).compare(read_all_connection_files())
        report = _logged_report(self, changes)
        drifted = [
            f"{change.kind} {change.name} {change.action}"
            + (f" ({', '.join(change.differences)})" if change.differences else "")
            for change in changes
            if change.action is not Action.UNCHANGED
        ]
        if drifted:
            raise AirbyteDriftError(
                f"Airbyte at {client.base_url} is not what include/airbyte/ says: {'; '.join(drifted)}. Run "
                "provision_platform, or bring the files up to what the server should keep"
            )
        return report


def _logged_report(operator: BaseOperator, changes: Sequence[Change]) -> StageReport:
    for change in changes:
        operator.log.info(
            "Airbyte %s %s: %s %s", change.kind, change.name, change.action, change.differences or ""
        )
    return empty_report(airbyte=[change.as_detail() for change in changes])
