"""Making new bronze partitions visible in Dremio: datasets, their metadata, and the views over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from lakehouse.bronze.contract import Contract, Mode
from lakehouse.bronze.dremio_types import dremio_type
from lakehouse.dremio.client import DremioClient
from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN, EXTRACTED_AT
from lakehouse.platform.errors import TransientError
from lakehouse.platform.sql_files import quote_path, render_sql

LAKE_SOURCE: Final = "lake_bronze"
BRONZE_SPACE: Final = "bronze"
EMPTY_LISTS: Final = "empty_lists"
"""A view that tells staging what no row of a partition can: that a list without rows has come."""


class PartitionNotVisibleError(TransientError):
    """Dremio shows another number of rows in a partition than was loaded into it."""


@dataclass(frozen=True)
class CatalogueChange:
    """What was done for a stream."""

    stream: str
    promoted: bool
    relisted: bool
    """Did Dremio list the stream's files?"""
    views: tuple[str, ...]
    """Views created or replaced; those that were right already are not among them."""
    job_ids: tuple[str, ...]


class BronzeCatalogue:
    """The bronze layer as Dremio shows it."""

    def __init__(self, client: DremioClient) -> None:
        self._client = client

    def refresh(
        self, contract: Contract, relist: bool = True, has_partitions: bool = True
    ) -> CatalogueChange:
        """Promote the stream's folder or list its files again, and bring its views in line.

        Args:
            contract: the stream's, with all columns that its partitions have.
            relist: False when no partition has changed since Dremio listed them.
            has_partitions: False when nothing was ever loaded: then there is no folder, and the raw view is
                empty.
        """
        promoted, jobs = self._show_partitions(_dataset(contract), relist) if has_partitions else (False, [])
        relisted = promoted or bool(jobs)
        changed = []
        for path, query in self._views(contract, has_partitions):
            if job := self._ensure_view(path, query):
                jobs.append(job)
                changed.append(".".join(path))
        return CatalogueChange(contract.stream, promoted, relisted, tuple(changed), tuple(jobs))

    def show_empty_lists(self, lists: Iterable[tuple[str, date]]) -> str | None:
        """Bring `bronze.empty_lists` in line: streams and the newest date on which the whole list had no row.

        Returns:
            The job's id; None if the view was right already.
        """
        query = render_sql("dremio/empty_lists.sql", {"lists": list(lists)})
        return self._ensure_view([BRONZE_SPACE, EMPTY_LISTS], query)

    def view_drift(self, contract: Contract) -> Iterator[tuple[str, str]]:
        """Views of the stream that are not as `refresh` makes them, with how they differ; changes nothing."""
        empty = {".".join(path): query for path, query in self._views(contract, has_partitions=False)}
        for path, query in self._views(contract, has_partitions=True):
            name, entity = ".".join(path), self._client.find(path)
            held = None if entity is None else str(entity.get("sql", "")).strip()
            if held is None:
                yield name, "missing"
            elif held != query and (held != empty[name] or self._client.find(_dataset(contract))):
                yield name, "another query"

    def _views(self, contract: Contract, has_partitions: bool) -> list[tuple[list[str], str]]:
        types = {quote_path([field.name]): dremio_type(field.type) for field in contract.schema}
        columns = list(types)
        raw_view = [BRONZE_SPACE, f"raw_{contract.stream}"]
        if has_partitions:
            rows = {"columns": columns, "dataset": quote_path(_dataset(contract))}
            views = [(raw_view, render_sql("dremio/raw_stream.sql", rows))]
        else:
            views = [(raw_view, render_sql("dremio/empty_stream.sql", {"types": types}))]
        newest = {
            "columns": [*columns, "bronze_date"],
            "key": [quote_path([name]) for name in contract.key],
            "raw_view": quote_path(raw_view),
        }
        newest_view = [BRONZE_SPACE, contract.stream]
        if contract.mode is Mode.CDC:
            newest |= {"lsn": quote_path([CDC_LSN]), "deleted_at": quote_path([CDC_DELETED_AT])}
            views.append((newest_view, render_sql("dremio/newest_changes.sql", newest)))
        elif contract.newest_view:
            newest["cursor"] = quote_path([contract.cursor]) if contract.cursor else EXTRACTED_AT
            views.append((newest_view, render_sql("dremio/newest_versions.sql", newest)))
        return views

    def check_visible(self, business_date: date, expected: Iterable[tuple[str, int]]) -> str | None:
        """Compare the date's rows in the raw views with those loaded (stream, rows).

        Returns:
            The job's id; None if nothing was loaded.

        Raises:
            PartitionNotVisibleError: a view shows another number.
        """
        loaded = dict(expected)
        if not loaded:
            return None
        sql = render_sql(
            "dremio/count_partition.sql",
            {
                "date": business_date.isoformat(),
                "views": [(stream, quote_path([BRONZE_SPACE, f"raw_{stream}"])) for stream in sorted(loaded)],
            },
        )
        job = self._client.run(sql)
        seen = {str(row["stream"]): int(row["row_count"]) for row in self._client.rows(job.id)}
        wrong = [
            f"bronze.raw_{stream} shows {seen.get(stream, 0)} rows, {rows} were loaded"
            for stream, rows in sorted(loaded.items())
            if seen.get(stream, 0) != rows
        ]
        if wrong:
            raise PartitionNotVisibleError(
                f"{business_date}: {'; '.join(wrong)} (Dremio job {job.id}, {job.url}); "
                "clear the task refresh_catalogue, and if it fails again load_bronze for this date"
            )
        return job.id

    def _show_partitions(self, dataset: list[str], relist: bool) -> tuple[bool, list[str]]:
        entity = self._client.find(dataset)
        if entity is None or entity.get("entityType") != "dataset":
            self._client.promote(dataset)
            return True, []
        if not relist:
            return False, []
        statement = render_sql("dremio/refresh_metadata.sql", {"dataset": quote_path(dataset)})
        return False, [self._client.run(statement).id]

    def _ensure_view(self, path: list[str], query: str) -> str | None:
        """Replacing a view makes Dremio rebuild its reflections: do it only when the query differs."""
        entity = self._client.find(path)
        if entity is not None and str(entity.get("sql", "")).strip() == query:
            return None
        view = render_sql("dremio/create_view.sql", {"view": quote_path(path), "query": query})
        return self._client.run(view).id


def _dataset(contract: Contract) -> list[str]:
    """The stream's folder of partitions, as Dremio names it."""
    return [LAKE_SOURCE, contract.source, contract.stream]
