"""Queries planned but not run: their translation to DuckDB's SQL, and the columns they would give."""

from collections.abc import Callable

import duckdb
from sqlglot import exp

from dremio_engine.catalog.columns_there import with_columns_there
from dremio_engine.catalog.resolver import Resolver
from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.cursors import Cursor, register
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import first_line
from dremio_engine.paths import Path
from dremio_engine.sql.data_types.types import stored_type
from dremio_engine.sql.json_columns import dremio_shape
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.quoting import literal, quoted
from dremio_engine.sql.translate import Translation, Translator

IsMember = Callable[[str, str], bool]


def nobody_is_member(user: str, role: str) -> bool:
    """What IS_MEMBER answers in Community Edition, which has no roles."""
    return False


class Planner:
    """`is_member(user, role)` is what IS_MEMBER answers."""

    def __init__(self, resolver: Resolver, lake: Lake, is_member: IsMember) -> None:
        self._resolver, self._lake, self._is_member = resolver, lake, is_member

    def translator(self, user: str = "") -> Translator:
        """One that knows the catalog's names and this user's roles; good for one statement."""
        return Translator(
            self._resolver.resolve,
            user,
            lambda role: self._is_member(user, role),
            self._shape_of_json,
            self._resolver.function,
        )

    def query(self, query: Parsed, context: Path, user: str = "") -> Translation:
        """A query's translation. Raises InvalidStatement or Unsupported."""
        return self.translator(user).translation(query.tree(), context)

    def _shape_of_json(self, values: Translation) -> str | None:
        """The shape of the JSON in a query's only column. Raises InvalidStatement when it is not JSON."""
        texts = f"(select dremio_utf8(v) from ({values.sql}) as q(v) where v is not null) as texts(v)"
        with self._lake.session() as cursor:
            register(cursor, values.registered)
            try:
                [(shape, has_long)] = cursor.execute(
                    "select json_group_structure(cast(v as json)), bool_or(regexp_matches(v, '[0-9]{19}'))"
                    f" from {texts}"
                ).fetchall()
                if has_long and self._loses_digits(cursor, texts, shape):
                    raise InvalidStatement(
                        "FUNCTION ERROR: Failure converting from JSON: a whole number does not fit into"
                        " BIGINT."
                    )
            except duckdb.Error as error:
                raise InvalidStatement(
                    f"FUNCTION ERROR: Failure converting from JSON: {first_line(error)}"
                ) from error
        return str(shape) if shape is not None else None

    @staticmethod
    def _loses_digits(cursor: Cursor, texts: str, shape: str) -> bool:
        """Whether a whole number among these texts is beyond BIGINT, where DuckDB would make it NULL."""
        read = (
            f"to_json(from_json(v, {literal(dremio_shape(shape, whole))}))" for whole in ("BIGINT", "HUGEINT")
        )
        found = cursor.execute(f"select 1 from {texts} where {' is distinct from '.join(read)} limit 1")
        return found.fetchone() is not None

    def columns(self, path: Path, user: str = "") -> list[tuple[str, str]]:
        """(name, DuckDB type) of a dataset, as a query on it would give them now."""
        return self.described(parsed(f"select * from {'.'.join(map(quoted, path))}"), (), user)

    def described(self, query: Parsed, context: Path, user: str = "") -> list[tuple[str, str]]:
        """(name, DuckDB type) of a query's result, with Dremio's types. Raises InvalidStatement."""
        translation = self.query(query, context, user)
        return self._described(translation, lambda message: self.told(message, query, context, user))

    def described_tree(self, tree: exp.Expr, user: str) -> list[tuple[str, str]]:
        """The same of a query's tree, which is changed by it."""
        asked, translator = tree.copy(), self.translator(user)
        return self._described(
            translator.translation(tree, ()),
            lambda message: with_columns_there(message, asked, translator.types(())),
        )

    def _described(self, translation: Translation, told: Callable[[str], str]) -> list[tuple[str, str]]:
        with self._lake.session() as cursor:
            register(cursor, translation.registered)
            try:
                rows = cursor.execute(f"describe {translation.sql}").fetchall()
            except duckdb.Error as error:
                raise InvalidStatement(told(f"VALIDATION ERROR: {first_line(error)}")) from error
        return [(row[0], stored_type(row[1]) or row[1]) for row in rows]

    def told(self, message: str, query: Parsed, context: Path, user: str = "") -> str:
        """What an error of a query says, with the columns there are if it misses one."""
        return with_columns_there(message, query.tree(), self.translator(user).types(context))
