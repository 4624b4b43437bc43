"""What other services keep: older versions of Dremio's tables, Airflow's own database, and scratch files."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from lakehouse.dbt.project import MANIFEST_FILE
from lakehouse.dremio.client import DremioClient
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Policy
from lakehouse.platform.database import Lock, LockHeldError, PostgresConnections, exclusively
from lakehouse.platform.errors import TransientError
from lakehouse.platform.sql_files import quote_path, render_sql

WAIT_SECONDS: Final = 5
VACUUM_SECONDS: Final = 900.0
CLEAN_SECONDS: Final = 3600
_TABLES_OF_DBT: Final = ("table", "incremental", "snapshot", "seed")
_CHECKED: Final = re.compile(r"Checking table (?P<table>\S+)")
_FOUND: Final = re.compile(r"Found (?P<rows>\d+) rows meeting deletion criteria")
"""What `airflow db clean` prints (3.3: utils/db_cleanup.py, _check_for_rows and _cleanup_table)."""


class AirflowCleanError(TransientError):
    """`airflow db clean` failed; the message carries its last words."""


class Snapshots:
    """Older versions of the tables that dbt makes in Dremio.

    What goes is older than a day at least: a run lasts six hours at most and reads none of it.
    """

    name = "snapshots"

    def __init__(self, stores: Stores, dremio: DremioClient, manifest: Path = MANIFEST_FILE) -> None:
        self._postgres = stores.postgres
        self._dremio = dremio
        self._manifest = manifest

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Tables that have older versions than time travel promises, and more than are always kept."""
        cutoff = now - timedelta(days=policy.snapshots.days)
        items = []
        for path in tables_of_dbt(self._manifest):
            entity = self._dremio.find(path)
            if entity is None or entity.get("entityType") != "dataset":
                continue
            old, held = self._counted(path, cutoff)
            going = min(old, held - policy.snapshots.keep_newest)
            if going > 0:
                detail = {"path": list(path), "keep_newest": policy.snapshots.keep_newest}
                items.append(Item(f"{'.'.join(path)}: {going} versions", going, None, None, detail))
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """One VACUUM TABLE for each table, one at a time."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            path = [str(part) for part in item.detail["path"]]
            try:
                with exclusively(
                    self._postgres, Lock("maintenance", ".".join(path)), "retention", WAIT_SECONDS
                ):
                    self._vacuum(path, plan.cutoff, int(item.detail["keep_newest"]))
                applied.did(item)
            except LockHeldError:
                applied.skip(item, "somebody else maintains it")
        return applied

    def _counted(self, path: Sequence[str], cutoff: datetime) -> tuple[int, int]:
        values = {"table": _literal(".".join(path)), "cutoff": _timestamp(cutoff)}
        [row] = self._dremio.query(render_sql("dremio/count_snapshots.sql", values))
        return int(row["old_count"] or 0), int(row["total_count"] or 0)

    def _vacuum(self, path: Sequence[str], cutoff: datetime, keep_newest: int) -> None:
        values = {"table": quote_path(path), "cutoff": _timestamp(cutoff), "keep_newest": keep_newest}
        self._dremio.run(render_sql("dremio/expire_snapshots.sql", values), VACUUM_SECONDS)


class AirflowDatabase:
    """Rows of Airflow's metadata database, by Airflow's own command.

    Args:
        database: SQLAlchemy address of the metadata database. A task cannot see Airflow's own setting.
    """

    name = "airflow_database"

    def __init__(self, stores: Stores, database: str | None) -> None:
        self._postgres: PostgresConnections = stores.postgres
        self._database = database

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Rows by table, from the command's own dry run."""
        cutoff = now - timedelta(days=policy.airflow_database.days)
        if self._database is None:
            why = "there is no Airflow connection to the metadata database"
            return KindPlan(self.name, "delete", cutoff, (), why)
        printed = self._clean(cutoff, "--dry-run")
        items = [
            Item(table, 0, rows, None, {"table": table}) for table, rows in rows_by_table(printed) if rows
        ]
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """The planned tables; the command deletes what hangs on their rows with them."""
        applied = Applied(self.name, plan.verb)
        if not plan.items:
            return applied
        tables = ",".join(str(item.detail["table"]) for item in plan.items)
        with exclusively(self._postgres, Lock("airflow db clean", "metadata"), "retention", WAIT_SECONDS):
            self._clean(
                plan.cutoff, "--skip-archive", "--yes", "--error-on-cleanup-failure", "--tables", tables
            )
        for item in plan.items:
            applied.did(item)
        return applied

    def _clean(self, cutoff: datetime, *options: str) -> str:
        command = [
            sys.executable,
            "-m",
            "airflow",
            "db",
            "clean",
            "--clean-before-timestamp",
            cutoff.isoformat(),
        ]
        environment = dict(os.environ) | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._database or ""}
        # What a task inherits from its supervisor is not for another process.
        environment.pop("_AIRFLOW__AS_LIBRARY", None)
        done = subprocess.run(
            [*command, *options],
            env=environment,
            capture_output=True,
            text=True,
            timeout=CLEAN_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise AirflowCleanError(f"airflow db clean failed: {words[-1] if words else 'no output'}")
        return done.stdout + done.stderr


class ScratchFolders:
    """Folders of loads that were killed, on this machine's disk."""

    name = "scratch"

    def __init__(self, stores: Stores) -> None:
        self._folder = stores.scratch

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Folders in which nothing was written since the cutoff: a load lasts hours."""
        cutoff = now - timedelta(days=policy.scratch.days)
        items = []
        for folder in sorted(self._folder.glob("bronze-*-*")):
            files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
            times = [path.stat().st_mtime for path in (folder, *files)]
            if folder.is_dir() and not folder.is_symlink() and max(times) < cutoff.timestamp():
                size = sum(path.stat().st_size for path in files)
                items.append(Item(folder.name, len(files), None, size, {"folder": folder.name}))
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """The planned folders, unless somebody has written to one since."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            folder = self._folder / str(item.detail["folder"])
            if folder.exists() and folder.stat().st_mtime >= plan.cutoff.timestamp():
                applied.skip(item, "it has been written to since the plan")
                continue
            shutil.rmtree(folder, ignore_errors=True)
            applied.did(item)
        return applied


def tables_of_dbt(manifest: Path) -> Iterator[tuple[str, ...]]:
    """Paths in Dremio of the models that are tables there, in the manifest's order."""
    nodes: Mapping[str, dict] = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    for node in nodes.values():
        if (node.get("config") or {}).get("materialized") in _TABLES_OF_DBT and node.get("relation_name"):
            yield tuple(part.strip('"') for part in re.findall(r'"[^"]*"|[^."]+', node["relation_name"]))


def rows_by_table(printed: str) -> Iterator[tuple[str, int]]:
    """What `airflow db clean --dry-run` says of each table."""
    table = None
    for line in printed.splitlines():
        if named := _CHECKED.search(line):
            table = named["table"]
        elif table is not None and (found := _FOUND.search(line)):
            yield table, int(found["rows"])
            table = None


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _literal(text: str) -> str:
    return text.replace("'", "''")
