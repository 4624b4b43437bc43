"""Puts materialisations where they answer a query; `acceleration.py` says what and when."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from dremio_engine.paths import Path
from dremio_engine.reflections import matching
from dremio_engine.reflections.blocks import Layer, NoMatch, alias_of, merged
from dremio_engine.reflections.lineage import Dataset
from dremio_engine.reflections.matching import Target
from dremio_engine.reflections.repeatable import (
    is_exact_type,
    is_simple,
    open_limits,
    order_dependent,
    single_source,
)
from dremio_engine.sql.averages import spell_out_averages
from dremio_engine.sql.names import is_cte, is_plain, tables_in
from dremio_engine.sql.parsed import parse
from dremio_engine.sql.translate import MAX_VIEW_DEPTH

Find = Callable[[Path, Path], Dataset | None]
Targets = dict[str, list[tuple[str, Target]]]


class Rewriter:
    """One query. `names` are what the marks of views that were looked into stand for: path and context."""

    def __init__(
        self, find: Find, targets: Targets, types: dict[str, list[str]], nonce: str, choose: tuple[str, ...]
    ) -> None:
        self._find, self._targets, self._types, self._nonce = find, targets, types, nonce
        self._choose = choose
        self.matched: set[str] = set()
        self.chosen: set[str] = set()
        self.names: dict[str, tuple[Path, Path]] = {}

    def rewrite(self, tree: exp.Expr, context: Path, depth: int = 0) -> exp.Expr:
        """The tree, rewritten in place where it can be."""
        if any(self._cuts_inside(tree, depth)):
            return tree
        open_parts = [*open_limits(tree), *order_dependent(tree, self._is_exact)]
        for select in list(tree.find_all(exp.Select)):
            if select.root() is not tree:
                continue
            if any(part is not select and not _is_own(part, select) for part in open_parts):
                continue
            replacement = self._best_block(select, context)
            if replacement is None:
                continue
            if select is tree:
                return replacement
            select.replace(replacement)
        if not open_parts:
            for table in list(tables_in(tree)):
                self._table(tree, table, context, depth)
        return tree

    @staticmethod
    def _cuts_inside(tree: exp.Expr, depth: int) -> Iterator[exp.Expr]:
        """Parts inside the query that cut off rows in an order that may tie."""
        for node in tree.find_all(exp.Query):
            if (node is not tree or depth) and (node.args.get("limit") or node.args.get("offset")):
                yield node

    def _is_exact(self, column: exp.Column) -> bool:
        kinds = self._types.get(column.name.lower(), [])
        return bool(kinds) and all(is_exact_type(kind) for kind in kinds)

    # -- a SELECT over one dataset -------------------------------------------------------------------

    def _best_block(self, select: exp.Select, context: Path) -> exp.Select | None:
        found: list[tuple[int, str, exp.Select]] = []
        for dataset, layers in self._unfolded(select, context):
            for reflection, target in self._targets.get(dataset.id, ()):
                try:
                    block = merged(layers, list(target.columns))
                    match = matching.raw if target.shape.is_raw else matching.aggregate
                    found.append((target.rows, reflection, match(block, target)))
                except NoMatch:
                    continue
                self.matched.add(reflection)
        usable = [each for each in found if not self._choose or each[1] in self._choose]
        if not usable:
            return None
        best = min(usable, key=lambda each: each[0])
        self.chosen.add(best[1])
        return best[2]

    def _unfolded(self, select: exp.Select, context: Path) -> Iterator[tuple[Dataset, list[Layer]]]:
        """Each dataset the SELECT reads row by row, with the layers above it, outermost first."""
        layers: list[Layer] = []
        current: exp.Select = select
        while len(layers) <= MAX_VIEW_DEPTH:
            relation = single_source(current)
            if relation is None:
                return
            layers.append(Layer(current, alias_of(relation)))
            inner: exp.Expr | None
            if isinstance(relation, exp.Subquery):
                inner = relation.this
            elif not is_plain(relation):
                return
            elif len(relation.parts) == 1 and is_cte(relation, relation.name):
                inner = None  # read as it stands: its own SELECT is matched by itself
            else:
                dataset = self._find(tuple(part.name for part in relation.parts), context)
                if dataset is None:
                    return
                yield dataset, list(layers)
                inner = parse(dataset.sql) if dataset.sql is not None else None
                context = dataset.context
            if inner is None or not is_simple(inner) or not isinstance(inner, exp.Select):
                return
            current = inner

    # -- any other table -----------------------------------------------------------------------------

    def _table(self, tree: exp.Expr, table: exp.Table, context: Path, depth: int) -> None:
        select = table.find_ancestor(exp.Select)
        if table.root() is not tree or not is_plain(table) or select is None:
            return
        path = tuple(part.name for part in table.parts)
        if path[0] == self._nonce or (dataset := self._find(path, context)) is None:
            return
        found = []
        for reflection, target in self._targets.get(dataset.id, ()):
            if target.shape.is_raw and _keeps_all(table, select, target):
                self.matched.add(reflection)
                if not self._choose or reflection in self._choose:
                    found.append((target.rows, reflection, target))
        if found:
            _, reflection, target = min(found, key=lambda each: each[:2])
            self.chosen.add(reflection)
            self._put(table, target.table(table.alias or path[-1]))
        elif dataset.sql is not None and depth < MAX_VIEW_DEPTH:
            self._look_into(table, dataset, path, depth)

    def _look_into(self, table: exp.Table, view: Dataset, path: Path, depth: int) -> None:
        inner = parse(view.sql or "")
        spell_out_averages(inner)
        before = set(self.chosen)
        self.chosen.clear()
        inner = self.rewrite(inner, view.context, depth + 1)
        used, self.chosen = set(self.chosen), before | self.chosen
        if not used:
            return
        for each in list(tables_in(inner)):
            if is_plain(each) and each.parts[0].name != self._nonce:
                self._mark(each, view.context)
        alias = exp.TableAlias(this=exp.to_identifier(table.alias or path[-1], quoted=True))
        self._put(table, exp.Subquery(this=inner, alias=alias))

    def _mark(self, table: exp.Table, context: Path) -> None:
        """A name in a view is looked up from the view, wherever its text is put."""
        mark = f"n{len(self.names)}"
        path = tuple(part.name for part in table.parts)
        self.names[mark] = (path, context)
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(path[-1], quoted=True)))
        table.set("this", exp.to_identifier(mark, quoted=True))
        table.set("db", exp.to_identifier(self._nonce, quoted=True))
        table.set("catalog", None)

    @staticmethod
    def _put(table: exp.Table, instead: exp.Expr) -> None:
        for extra in ("joins", "laterals"):
            if table.args.get(extra):
                instead.set(extra, table.args[extra])
        table.replace(instead)


def _is_own(part: exp.Expr, select: exp.Select) -> bool:
    """Whether a part stands in the clauses of a SELECT, or in what its FROM unfolds to."""
    return part.find_ancestor(exp.Select) is select


def _keeps_all(table: exp.Table, select: exp.Select, target: Target) -> bool:
    """Whether a raw materialisation has every column that the SELECT, or one inside it, can mean."""
    kept = {name.lower() for name in target.shape.display}
    if set(target.types) <= kept:
        return True
    alias = (table.alias or table.name).lower()
    needed: set[str] = set()
    for projection in select.find_all(exp.Star):
        above = projection.parent
        if isinstance(above, exp.Anonymous):
            continue  # COUNT(*)
        if not (isinstance(above, exp.Column) and above.table and above.table.lower() != alias):
            return False
    for join in select.args.get("joins") or ():
        if str(join.args.get("method") or "").upper() == "NATURAL":
            return False
        needed.update(i.name.lower() for i in join.args.get("using") or ())
    for column in select.find_all(exp.Column):
        parts = [part.name.lower() for part in column.parts]
        if len(parts) == 1 or parts[-2] == alias or any(p in target.types for p in parts[:-1]):
            needed.update(parts)
    return needed & set(target.types) <= kept
