"""One build of what a reflection keeps: all rows again, or those that came added to those of before."""

from dataclasses import dataclass, replace

from dremio_engine.catalog.resolver import Resolver
from dremio_engine.errors import Busy, EngineError
from dremio_engine.lake.cursors import Cursor, count, register
from dremio_engine.lake.definitions import partition_sql
from dremio_engine.lake.lake import lake_name
from dremio_engine.paths import dotted
from dremio_engine.reflections.growth import NewRows, base_of, growth
from dremio_engine.reflections.kept_tables import Columns, reading, target_of
from dremio_engine.reflections.lineage import Dataset
from dremio_engine.reflections.shape import Shape
from dremio_engine.reflections.status import Reflection
from dremio_engine.reflections.store import Materialisation
from dremio_engine.reflections.versions import Snapshot
from dremio_engine.sql.data_types.types import stored_type
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.translate import Relation, Translation, Translator
from dremio_engine.tables.table_statements import sort_sql


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


def digests(source: Source, snapshot: Snapshot) -> dict[str, str]:
    """The version of everything a dataset is made of, by id."""
    return {i: snapshot.digest(d) for i, d in source.reached.items()}


@dataclass
class Build:
    """One build, inside its transaction, which reads `snapshot` and fills `table`."""

    cursor: Cursor
    snapshot: Snapshot
    resolver: Resolver
    reflection: Reflection
    shape: Shape
    source: Source
    before: Materialisation | None
    table: str

    def run(self) -> Materialisation:
        """Fill the table; gives what is to be kept of it. Raises EngineError."""
        snapshot = self.snapshot
        versions = digests(self.source, snapshot)
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
        # How its files are cut changes no answer, and DuckLake cannot cut by the beginning of a text.
        if cuts := tuple(field for field in self.shape.partitions if field.transform != "truncate"):
            self.cursor.execute(f"alter table {target} set partitioned by ({partition_sql(cuts)})")
        if self.shape.sort:
            self.cursor.execute(f"alter table {target} set sorted by ({sort_sql(self.shape.sort)})")

    def _fill(self, query: str) -> int:
        return count(self.cursor.execute(f"insert into {target_of(self.table)} {query}"))

    def _grow(self, new_rows: NewRows, types: dict[str, str], fields: Columns) -> int:
        if self.before is None or self.before.table is None:
            raise EngineError("Nothing to grow from.")
        names = [row[0] for row in self.cursor.execute(f"describe {lake_name(new_rows.table)}").fetchall()]
        rows = f"(select {', '.join(map(quoted, names))} from {new_rows.relation})"
        new = self._translated({lake_name(new_rows.table): rows})
        query = self.shape.query(f"({new.sql}) as dataset", types)
        old = target_of(self.before.table)
        if self.shape.is_raw:
            self.cursor.execute(f"alter table {old} rename to {quoted(self.table)}")
            return self.before.rows + self._fill(query)
        self._create(fields)
        rows_now = self._fill(self.shape.merged(reading(self.before.table, fields), f"({query})"))
        self.cursor.execute(f"drop table {old}")
        return rows_now

    def _translated(self, instead: dict[str, str]) -> Translation:
        """The query of the dataset with other SQL for some tables, by their lake name."""

        def resolve(*names: object) -> Relation:
            found: Relation = self.resolver.resolve(*names)  # type: ignore[arg-type]
            return replace(found, sql=instead[found.sql]) if found.sql in instead else found

        sql = f"select * from {'.'.join(quoted(part) for part in self.source.dataset.path)}"
        return Translator(resolve, function=self.resolver.function).query(sql, ())
