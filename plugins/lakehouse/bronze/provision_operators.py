"""The task that compares what is declared, before anything is provisioned for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator

from lakehouse.receipts import StageReport, empty_report

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckDeclarationOperator(BaseOperator):
    """See that every stream that a connection lands has its contract, and every contract its stream.

    Returns a StageReport whose detail counts the streams.

    Raises (from execute):
        ConnectionFileError: a file of include/airbyte/ is faulty.
        DeclarationError: connections and contracts do not belong together; each fault is named.
    """

    ui_color = "#e0c097"

    def execute(self, context: Context) -> StageReport:
        """Compare; nothing is written."""
        # pydantic costs half a second to import: not at parse time.
        from lakehouse.bronze.declaration import check_declaration

        streams = check_declaration()
        self.log.info("%d streams are declared, each with its contract", streams)
        return empty_report(streams_declared=streams)
