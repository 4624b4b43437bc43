"""Builds what a reflection keeps: a table of the lake, from one snapshot of the data it stands for.

Data and data version are read in the transaction that writes the table, so the version that is kept with
it is exactly what went into it. A reflection on a table, or on a view that takes a table row by row, grows
with it: when the table's files show that rows only came, the new ones alone are read. Every build makes a
new name, also where it adds to the table before, so a query that was planned for the one can never read
the other.
"""

import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

import duckdb

from dremio_engine.catalog.entities import now_text
from dremio_engine.catalog.resolver import Resolver
from dremio_engine.errors import Busy, EngineError, InvalidStatement
from dremio_engine.lake.connection import METADATA, REFLECTION_SCHEMA
from dremio_engine.lake.cursors import Cursor, Interruptible, count, register
from dremio_engine.lake.definitions import partition_sql
from dremio_engine.lake.lake import Lake, lake_name
from dremio_engine.lake.messages import error_kind, first_line
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import Path, dotted
from dremio_engine.reflections.growth import NewRows, base_of, growth
from dremio_engine.reflections.kept_tables import Columns, reading, target_of
from dremio_engine.reflections.lineage import Dataset, Lineage, Unversioned
from dremio_engine.reflections.repeatable import why_not_kept
from dremio_engine.reflections.shape import Shape, shape_of
from dremio_engine.reflections.status import Reflection
from dremio_engine.reflections.store import Materialisation
from dremio_engine.reflections.versions import Snapshot, Versions
from dremio_engine.sql.parsed import parse
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.translate import Relation, Translation, Translator
from dremio_engine.sql.types import stored_type
from dremio_engine.tables.table_statements import sort_sql

LOG = logging.getLogger(__name__)


class Misfit(EngineError):
    """The dataset has lost a column that the definition names."""


@dataclass(frozen=True)
class Source:
    """A dataset with everything below it, and the query that reads all of it."""

    dataset: Dataset
    reached: dict[str, Dataset]
    translation: Translation

    @property
    def paths(self) -> dict[str, list[str]]:
        """The path of everything it is made of, by id."""
        return {i: list(d.path) for i, d in self.reached.items()}


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

    def _source(self, path: Path) -> Source:
        """Raises EngineError when the rows are not a function of data that has versions."""
        dataset = self._lineage.find(path)
        if dataset is None:
            raise InvalidStatement(f"VALIDATION ERROR: Object '{path[-1]}' not found: [{dotted(path)}]")
        sql = f"select * from {'.'.join(quoted(part) for part in path)}"
        translation = Translator(self._resolver.resolve).query(sql, ())
        try:
            reached = self._lineage.reached(dataset)
        except Unversioned as error:
            raise EngineError(f"[{dotted(path)}] cannot have reflections: {error}.") from error
        for each in reached.values():
            if each.sql is not None and (reason := why_not_kept(parse(each.sql))):
                raise EngineError(f"[{dotted(each.path)}] cannot have reflections: {reason}.")
        # A view that changed while it was read would be kept under the other one's version.
        if Translator(self._resolver.resolve).query(sql, ()).sql != translation.sql:
            raise Busy(f"[{dotted(path)}] was changed while its reflection was planned.")
        return Source(dataset, reached, translation)

    def _unchanged(self, source: Source, before: Materialisation) -> bool:
        if before.table is None or (REFLECTION_SCHEMA, before.table.lower()) not in self._lake.tables():
            return False
        with self._lake.session() as cursor:
            cursor.execute("begin transaction")
            return _digests(source, self._versions.at(cursor)) == before.versions and all(
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
            made.append(_Build(self, cursor, reflection, shape, source, before, table).run())
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

    def translate(self, source: Source, instead: dict[str, str]) -> Translation:
        """The query of a dataset with other SQL for some tables, by their lake name."""

        def resolve(*names: object) -> Relation:
            found: Relation = self._resolver.resolve(*names)  # type: ignore[arg-type]
            return replace(found, sql=instead[found.sql]) if found.sql in instead else found

        sql = f"select * from {'.'.join(quoted(part) for part in source.dataset.path)}"
        return Translator(resolve).query(sql, ())

    def at(self, cursor: Cursor) -> Snapshot:
        """The snapshot of the transaction on the cursor."""
        return self._versions.at(cursor)


@dataclass
class _Build:
    """One build, inside its transaction."""

    owner: Materialiser
    cursor: Cursor
    reflection: Reflection
    shape: Shape
    source: Source
    before: Materialisation | None
    table: str

    def run(self) -> Materialisation:
        snapshot = self.owner.at(self.cursor)
        versions = _digests(self.source, snapshot)
        if not all(versions.values()):
            raise Busy(f"[{dotted(self.source.dataset.path)}] was changed while its reflection was planned.")
        register(self.cursor, self.source.translation.registered)
        columns = self._described(self.source.translation.sql)
        types = {name.lower(): kind for name, kind in columns}
        if lost := [name for name in self.shape.columns if name.lower() not in types]:
            raise Misfit(f"[{dotted(self.source.dataset.path)}] has no column [{lost[0]}] any more.")
        query = self.shape.query(f"({self.source.translation.sql}) as dataset", types)
        fields = self._described(query)
        base = base_of(self.source.reached, snapshot)
        growing, decision = growth(self.cursor, snapshot, self.shape, self.before, base, versions, fields)
        if growing is None:
            self._create(fields)
            rows = self._fill(query)
            if self.before is not None and self.before.table:
                self.cursor.execute(f"drop table if exists {target_of(self.before.table)}")
        else:
            rows = self._grow(growing, types, fields)
        return Materialisation(
            reflection_id=self.reflection.id,
            table=self.table,
            method="FULL" if growing is None else "INCREMENTAL",
            decision=decision,
            rows=rows,
            series=self.table if growing is None or self.before is None else self.before.series,
            ordinal=0 if growing is None or self.before is None else self.before.ordinal + 1,
            versions=versions,
            paths=self.source.paths,
            columns=columns,
            fields=fields,
            base=None if base is None else base.to_json(),
        )

    def _described(self, sql: str) -> Columns:
        return [(row[0], row[1]) for row in self.cursor.execute(f"describe {sql}").fetchall()]

    # -- full ----------------------------------------------------------------------------------------

    def _create(self, fields: Columns) -> None:
        target = target_of(self.table)
        kept = ", ".join(f"{quoted(name)} {stored_type(kind) or kind}" for name, kind in fields)
        self.cursor.execute(f"create table {target} ({kept})")
        if self.shape.partitions:
            self.cursor.execute(
                f"alter table {target} set partitioned by ({partition_sql(self.shape.partitions)})"
            )
        if self.shape.sort:
            self.cursor.execute(f"alter table {target} set sorted by ({sort_sql(self.shape.sort)})")

    def _fill(self, query: str) -> int:
        return count(self.cursor.execute(f"insert into {target_of(self.table)} {query}"))

    def _grow(self, new_rows: NewRows, types: dict[str, str], fields: Columns) -> int:
        if self.before is None or self.before.table is None:
            raise EngineError("Nothing to grow from.")
        names = [row[0] for row in self.cursor.execute(f"describe {lake_name(new_rows.table)}").fetchall()]
        rows = f"(select {', '.join(map(quoted, names))} from {new_rows.relation})"
        new = self.owner.translate(self.source, {lake_name(new_rows.table): rows})
        query = self.shape.query(f"({new.sql}) as dataset", types)
        old = target_of(self.before.table)
        if self.shape.is_raw:
            self.cursor.execute(f"alter table {old} rename to {quoted(self.table)}")
            return self.before.rows + self._fill(query)
        self._create(fields)
        rows_now = self._fill(self.shape.merged(reading(self.before.table, fields), f"({query})"))
        self.cursor.execute(f"drop table {old}")
        return rows_now


_UNCHANGED = "No changes were detected in dependencies since the last refresh."


def _digests(source: Source, snapshot: Snapshot) -> dict[str, str]:
    return {i: snapshot.digest(d) for i, d in source.reached.items()}
