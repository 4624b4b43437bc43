"""Waiting for Dremio without holding a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.hook import client_of
from lakehouse.dremio.job import Job
from lakehouse.dremio.reflection_refresh import ReflectionRefreshes, Refresh
from lakehouse.platform.external_job.triggers import ExternalJobTrigger

if TYPE_CHECKING:
    from airflow.sdk import Connection


class DremioJobTrigger(ExternalJobTrigger[Job]):
    """Fires when a statement is over; its handle is the job's id."""

    def client_of(self, connection: Connection) -> DremioClient:
        """A client of the connection's coordinator."""
        return client_of(connection)


class DremioReflectionsTrigger(ExternalJobTrigger[Refresh]):
    """Fires when every reflection is ready, or one of them cannot become so; its handle is the request."""

    def client_of(self, connection: Connection) -> ReflectionRefreshes:
        """The refreshes of the connection's coordinator."""
        return ReflectionRefreshes(client_of(connection))
