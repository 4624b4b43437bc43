"""Builds what a reflection keeps: a table of the lake, from one snapshot of the data it stands for.

Data and data version are read in the transaction that writes the table, so the version that is kept with
it is exactly what went into it. A reflection on a table, or on a view that takes a table row by row, grows
with it: when the table's files show that rows only came, the new ones alone are read. Every build makes a
new name, also where it adds to the table before, so a query that was planned for the one can never read
the other.
"""

import logging
import time
from dataclasses import replace
from pathlib import Path as FilePath

import duckdb

from dremio_engine.catalog.entities import now_text
from dremio_engine.catalog.resolver import Resolver
from dremio_engine.errors import Busy, EngineError, InvalidStatement
from dremio_engine.lake.connection import METADATA, REFLECTION_SCHEMA
from dremio_engine.lake.cursors import Cursor, Interruptible
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import error_kind, first_line
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import Path, dotted
from dremio_engine.reflections.build import Build, Source, digests
from dremio_engine.reflections.kept_tables import target_of
from dremio_engine.reflections.lineage import Lineage, Unversioned
from dremio_engine.reflections.repeatable import why_not_kept
from dremio_engine.reflections.shape import Shape, shape_of
from dremio_engine.reflections.status import Reflection
from dremio_engine.reflections.store import Materialisation
from dremio_engine.reflections.versions import Versions
from dremio_engine.sql.parsed import parse
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.translate import Translator

LOG = logging.getLogger(__name__)


class Materialiser:
    """One build at a time; raises EngineError, Cancelled."""

    def __init__(self, lake: Lake, resolver: Resolver, lineage: Lineage, versions: Versions) -> None:
        self._lake, self._resolver, self._lineage, self._versions = lake, resolver, lineage, versions
        self._writer = Writer(lake)

    def build(
        self, reflection: Reflection, path: Path, before: Materialisation | None, stop: Interruptible
    ) -> Materialisation:
        """What the reflection is to keep from now on: `before`, moved on in time, if nothing changed."""
        began = time.monotonic()
        started = now_text()
        shape = shape_of(reflection.body)
        source = self._source(path)
        if before is not None and self._unchanged(source, before):
            built = replace(before, decision=_UNCHANGED)
        else:
            built = self._changed(reflection, shape, source, before, stop)
        took = int((time.monotonic() - began) * 1000)
        return replace(built, created_at=started, finished_at=now_text(), duration_ms=took)

    def drop(self, table: str) -> None:
        """Drop a reflection's table if it is there."""

        def work(cursor: Cursor) -> int:
            cursor.execute(f"drop table if exists {target_of(table)}")
            return 0

        self._writer.run(table, work, Interruptible(), reshapes=True)

    def sweep_files(self) -> int:
        """Delete the files that no table has, from refreshes that a kill cut short; gives their number.

        To be called before the first refresh. Only below the engine's own folder, where nothing else lies.
        """
        folder = FilePath(self._lake.folder_of(REFLECTION_SCHEMA))
        with self._lake.session() as cursor:
            known = {
                FilePath(name).name
                for (name,) in cursor.execute(
                    f"select path from {METADATA}.ducklake_data_file"
                    f" union select path from {METADATA}.ducklake_delete_file"
                    f" union select path from {METADATA}.ducklake_files_scheduled_for_deletion"
                ).fetchall()
            }
        gone = [file for file in folder.rglob("*.parquet") if file.name not in known]
        for file in gone:
            file.unlink(missing_ok=True)
        return len(gone)

    def _translator(self) -> Translator:
        return Translator(self._resolver.resolve, function=self._resolver.function)

    def _source(self, path: Path) -> Source:
        """Raises EngineError when the rows are not a function of data that has versions."""
        dataset = self._lineage.find(path)
        if dataset is None:
            raise InvalidStatement(f"VALIDATION ERROR: Object '{path[-1]}' not found: [{dotted(path)}]")
        sql = f"select * from {'.'.join(quoted(part) for part in path)}"
        translation = self._translator().query(sql, ())
        try:
            reached = self._lineage.reached(dataset)
        except Unversioned as error:
            raise EngineError(f"[{dotted(path)}] cannot have reflections: {error}.") from error
        for each in reached.values():
            if each.sql is not None and (reason := why_not_kept(parse(each.sql))):
                raise EngineError(f"[{dotted(each.path)}] cannot have reflections: {reason}.")
        # A view that changed while it was read would be kept under the other one's version.
        if self._translator().query(sql, ()).sql != translation.sql:
            raise Busy(f"[{dotted(path)}] was changed while its reflection was planned.")
        return Source(dataset, reached, translation)

    def _unchanged(self, source: Source, before: Materialisation) -> bool:
        if before.table is None or (REFLECTION_SCHEMA, before.table.lower()) not in self._lake.tables():
            return False
        with self._lake.session() as cursor:
            cursor.execute("begin transaction")
            return digests(source, self._versions.at(cursor)) == before.versions and all(
                before.versions.values()
            )

    def _changed(
        self, reflection: Reflection, shape: Shape, source: Source, before: Materialisation | None,
        stop: Interruptible,
    ) -> Materialisation:  # fmt: skip
        table = f"r_{reflection.id.replace('-', '')}_{time.time_ns() // 1000}"
        made: list[Materialisation] = []

        def work(cursor: Cursor) -> int:
            made.clear()
            made.append(
                Build(
                    cursor,
                    self._versions.at(cursor),
                    self._resolver,
                    reflection,
                    shape,
                    source,
                    before,
                    table,
                ).run()
            )
            return made[0].rows

        try:
            self._writer.run(table, work, stop, reshapes=True, files_of=(REFLECTION_SCHEMA, table))
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise EngineError(f"{error_kind(error)}: {first_line(error)}") from error
        return replace(made[0], bytes=self._bytes(table))

    def _bytes(self, table: str) -> int:
        with self._lake.session() as cursor:
            row = cursor.execute(
                f"select coalesce(sum(f.file_size_bytes), 0)::bigint from {METADATA}.ducklake_data_file f"
                f" join {METADATA}.ducklake_table t on t.table_id = f.table_id and t.end_snapshot is null"
                " where f.end_snapshot is null and t.table_name = ?",
                [table],
            ).fetchone()
        return int(row[0]) if row else 0


_UNCHANGED = "No changes were detected in dependencies since the last refresh."
