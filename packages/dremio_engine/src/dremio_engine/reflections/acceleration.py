"""Answers queries from reflections where that is exact; leaves every other query as it is.

A query is rewritten as Dremio SQL, before translation, so that functions mean the same on both sides:

* a SELECT over one dataset, also through subqueries, WITH and views that only choose, compute and filter
  (`blocks.py`), is matched with raw and aggregate reflections of each dataset on the way (`matching.py`);
* any other table or view in a FROM, in joins as well, is read from a raw reflection that keeps every column
  the query can mean;
* a view that has none is looked into for datasets that have.

Of several, the one with the fewest rows. Left alone: statements that change data, `AT SNAPSHOT`, queries
whose answer SQL leaves open (`repeatable.py`), and everything named in `matching.py`. ORDER BY .. LIMIT is
matched at the top of a query only: rows that tie at the cut may be others, as they may from the dataset.

Freshness is looked at in the transaction that runs the query, in the snapshot it reads. Names and types
of the rewritten query's columns are compared with the original's; where they differ, or anything is not
understood, the original runs. `/*+ no_reflections */`, `consider_reflections('id', ..)` and
`choose_reflections('id', ..)` are Dremio's hints (docs.dremio.com, Use Reflection Hints).
"""

import collections
import functools
import logging
import secrets
import threading
from dataclasses import dataclass, replace

import duckdb

from dremio_engine.catalog.resolver import Resolver
from dremio_engine.catalog.store import EntityStore
from dremio_engine.errors import EngineError
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.messages import first_line
from dremio_engine.lake.outcomes import Relationship
from dremio_engine.paths import Path, candidates, path_key
from dremio_engine.reflections.freshness import Freshness, Kept
from dremio_engine.reflections.kept_tables import reading
from dremio_engine.reflections.lineage import Dataset, Lineage
from dremio_engine.reflections.matching import Target
from dremio_engine.reflections.rewrite import Rewriter
from dremio_engine.reflections.shape import shape_of
from dremio_engine.reflections.usage import Usage
from dremio_engine.reflections.versions import Snapshot
from dremio_engine.sql.averages import spell_out_averages
from dremio_engine.sql.data_types.types import stored_type
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.translate import MAX_VIEW_DEPTH, Relation, Translation, Translator

LOG = logging.getLogger(__name__)
PLANS = 1024


@dataclass(frozen=True)
class Plan:
    """How a query is answered from materialisations; no SQL when it is not."""

    sql: str | None = None
    matched: frozenset[str] = frozenset()
    chosen: frozenset[str] = frozenset()


class _OnlyThePlannerCan(Exception):
    """IS_MEMBER or JSON in a column is in the query or a view: the planner alone can translate them."""


class Acceleration:
    """Thread-safe."""

    def __init__(
        self, resolver: Resolver, store: EntityStore, lineage: Lineage, freshness: Freshness, usage: Usage
    ) -> None:
        self._resolver, self._store = resolver, store
        self._lineage, self._freshness, self._usage = lineage, freshness, usage
        self._lock = threading.Lock()
        self._plans: collections.OrderedDict[tuple[object, ...], Plan] = collections.OrderedDict()

    def accelerate(
        self, cursor: Cursor, statement: Statement, translation: Translation
    ) -> tuple[Translation, tuple[Relationship, ...]]:
        """What to run on the cursor, and what reflections were to it.

        When a reflection is considered a transaction is open on the cursor from then on.
        """
        kept = self._freshness.kept()
        if not kept or translation.registered:
            return translation, ()
        try:
            touched = self._touched(statement.query, statement.context, kept, 0)
        except _OnlyThePlannerCan:
            return translation, ()
        hints = statement.query.hints
        if not touched or hints.none:
            return translation, ()
        considered = [k for k in touched.values() if not hints.consider or k.reflection.id in hints.consider]
        plan = Plan()
        if considered:
            cursor.execute("begin transaction")
            try:
                plan = self._plan(cursor, translation, statement, considered)
            except (EngineError, duckdb.Error, RecursionError) as error:
                if isinstance(error, duckdb.InterruptException):
                    raise
                LOG.warning("a query was not accelerated: %s", first_line(error))
        relationships = self._counted(considered, plan)
        return (replace(translation, sql=plan.sql) if plan.sql else translation), relationships

    def _counted(self, considered: list[Kept], plan: Plan) -> tuple[Relationship, ...]:
        found = []
        for kept in considered:
            reflection = kept.reflection
            words = ["CONSIDERED"]
            if reflection.id in plan.matched:
                words.append("MATCHED")
            if reflection.id in plan.chosen:
                words.append("CHOSEN")
            self._usage.add(reflection.id, words)
            found.append(Relationship(reflection.dataset_id, reflection.id, words[-1]))
        return tuple(found)

    def _touched(
        self, query: Parsed, context: Path, kept: dict[str, list[Kept]], depth: int
    ) -> dict[str, Kept]:
        """What is kept for the datasets a query may reach, by reflection id."""
        found: dict[str, Kept] = {}
        if query.mentions_roles or query.learns_types:
            raise _OnlyThePlannerCan
        if depth > MAX_VIEW_DEPTH:
            return found
        for name in query.names:
            if not name:
                continue
            for candidate in candidates(name, context):
                key = path_key(candidate)
                found.update((k.reflection.id, k) for k in kept.get(key, ()))
                entity = self._store.by_path(candidate) if len(candidate) > 1 else None
                if entity is not None and "sql" in entity.body:
                    inner = tuple(entity.body["context"])
                    found.update(self._touched(parsed(entity.body["sql"]), inner, kept, depth + 1))
        return found

    def _plan(
        self, cursor: Cursor, original: Translation, statement: Statement, considered: list[Kept]
    ) -> Plan:
        snapshot = self._freshness.snapshot(cursor)
        known: dict[str, dict[str, Dataset]] = {}
        fresh = [k for k in considered if self._freshness.holds(k, snapshot, known)]
        if not fresh:
            return Plan()
        # The original's SQL holds what every name stood for, the tables' names what is kept.
        key = (
            statement.query.sql, statement.context, statement.user,
            original.sql, tuple(k.made.table for k in fresh),
        )  # fmt: skip
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
                return self._plans[key]
        types = self._types(snapshot, known, fresh)
        plan = self._made(cursor, original, statement, fresh, types)
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > PLANS:
                self._plans.popitem(last=False)
        return plan

    def _made(
        self, cursor: Cursor, original: Translation, statement: Statement, fresh: list[Kept],
        types: dict[str, list[str]],
    ) -> Plan:  # fmt: skip
        nonce = f"kept_{secrets.token_hex(8)}"
        relations: dict[str, Relation] = {}
        targets: dict[str, list[tuple[str, Target]]] = {}
        for index, kept in enumerate(fresh):
            reflection, made, mark = kept.reflection, kept.made, f"m{index}"
            # As the type rules know the types: what adds up to a HUGEINT is a BIGINT to Dremio.
            typed = {name.lower(): stored_type(kind) or kind for name, kind in made.fields}
            relations[mark] = Relation(
                reading(made.table or "", made.fields), columns=functools.partial(dict, typed)
            )
            kinds = {name.lower(): kind for name, kind in made.columns}
            names = tuple(name for name, _ in made.columns)
            target = Target(shape_of(reflection.body), kinds, made.rows, (nonce, mark), names)
            targets.setdefault(reflection.dataset_id, []).append((reflection.id, target))
        rewriter = Rewriter(self._lineage.find, targets, types, nonce, statement.query.hints.choose)
        tree = statement.query.tree()
        spell_out_averages(tree)
        rewritten = rewriter.rewrite(tree, statement.context)
        matched = frozenset(rewriter.matched)
        if not rewriter.chosen:
            return Plan(None, matched)

        def resolve(path: Path, context: Path = (), *read_at: object) -> Relation:
            if path[0] == nonce:
                if path[1] in relations:
                    return relations[path[1]]
                path, context = rewriter.names[path[1]]
            return self._resolver.resolve(path, context, *read_at)  # type: ignore[arg-type]

        translator = Translator(resolve, statement.user, function=self._resolver.function)
        found = translator.translation(rewritten, statement.context)
        if found.registered or not _same_columns(cursor, original, found):
            return Plan(None, matched)
        return Plan(found.sql, matched, frozenset(rewriter.chosen))

    @staticmethod
    def _types(
        snapshot: Snapshot, known: dict[str, dict[str, Dataset]], fresh: list[Kept]
    ) -> dict[str, list[str]]:
        """The types that columns of a name have in the datasets at hand."""
        found: dict[str, list[str]] = {}
        for reached in known.values():
            for dataset in reached.values():
                if dataset.table is not None:
                    for name, kind in snapshot.columns(dataset.table).items():
                        found.setdefault(name, []).append(kind)
        for kept in fresh:
            for name, kind in kept.made.columns:
                found.setdefault(name.lower(), []).append(kind)
        return found


def _same_columns(cursor: Cursor, original: Translation, found: Translation) -> bool:
    """Whether both give columns of the same names and types."""
    shapes = [
        [(row[0], row[1]) for row in cursor.execute(f"describe {each.sql}").fetchall()]
        for each in (original, found)
    ]
    if shapes[0] != shapes[1]:
        LOG.warning("not accelerated: %s became %s", *shapes)
    return shapes[0] == shapes[1]
