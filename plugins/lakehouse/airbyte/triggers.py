"""Waiting for an Airbyte job without a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.hook import client_of
from lakehouse.airbyte.job import Job
from lakehouse.platform.external_job.triggers import ExternalJobTrigger

if TYPE_CHECKING:
    from airflow.sdk import Connection


class AirbyteJobTrigger(ExternalJobTrigger[Job]):
    """Fires when a sync has ended; its handle is the job's number."""

    def client_of(self, connection: Connection) -> AirbyteClient:
        """A client of the connection's server."""
        return client_of(connection)
