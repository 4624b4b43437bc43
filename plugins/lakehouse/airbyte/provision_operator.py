"""The task that brings Airbyte to what include/airbyte/ declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseHook, BaseOperator

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.hook import DEFAULT_CONNECTION, LakehouseAirbyteHook
from lakehouse.airbyte.provisioning import AirbyteProvisioner
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
        airbyte_conn_id: str = DEFAULT_CONNECTION,
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
        changes = provisioner.apply(read_all_connection_files())
        for change in changes:
            self.log.info(
                "Airbyte %s %s: %s %s", change.kind, change.name, change.action, change.differences or ""
            )
        return empty_report(airbyte=[change.as_detail() for change in changes])
