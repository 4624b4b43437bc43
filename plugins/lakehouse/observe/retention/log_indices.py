"""Logs in Elasticsearch: whole daily indices, by service. The lake's copy has the same days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from lakehouse.observe.logs.elastic import ElasticsearchAwayError
from lakehouse.observe.logs.retention import ExpiredIndex, delete_indices, expired_indices
from lakehouse.observe.retention.plan import Applied, Item, KindPlan
from lakehouse.observe.retention.policy import LONGEST_DAYS, Policy

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


class LogIndices:
    """Daily indices. Without Elasticsearch there is nothing to delete, and that is not a fault."""

    name = "log_indices"

    def __init__(self, client: Callable[[], Elasticsearch | None]) -> None:
        self._client = client

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Indices of the services that the policy names; those of others are kept."""
        days = {service: keep.days for service, keep in policy.logs.items()}
        cutoff = now - timedelta(days=max(days.values(), default=0))
        try:
            client = self._client()
            if client is None:
                why = "there is no Airflow connection to Elasticsearch"
                return KindPlan(self.name, "delete", cutoff, (), why)
            expired = expired_indices(client, LONGEST_DAYS, now.date(), days)
        except ElasticsearchAwayError as error:
            return KindPlan(self.name, "delete", cutoff, (), str(error))
        items = [
            Item(
                index.name, 1, index.documents, index.bytes, {"service": index.service, "day": str(index.day)}
            )
            for index in expired
        ]
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """The planned indices; one that is gone already is not an error."""
        applied = Applied(self.name, plan.verb)
        client = self._client() if plan.items else None
        if client is None:
            return applied
        by_name = {item.name: item for item in plan.items}
        wanted = [
            ExpiredIndex(
                item.name,
                str(item.detail["service"]),
                date.fromisoformat(str(item.detail["day"])),
                item.rows or 0,
                item.bytes or 0,
            )
            for item in plan.items
        ]
        for gone in delete_indices(client, wanted):
            applied.did(by_name[gone.name])
        return applied
