"""CREATE, DROP, DESCRIBE and SHOW of the user's functions."""

from collections.abc import Sequence

import pyarrow as pa

from dremio_engine.catalog.function_store import FunctionStore, StoredFunction
from dremio_engine.catalog.planner import Planner
from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.cursors import Interruptible
from dremio_engine.lake.definitions import column_type
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.paths import Path, dotted, in_context
from dremio_engine.sql.functions import FUNCTIONS
from dremio_engine.sql.gate import admitted
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import function_commands as c
from dremio_engine.sql.statements.patterns import like_matches
from dremio_engine.sql.user_functions import UserFunction, body_without_arguments
from dremio_engine.tables.handlers import Handlers

# Types of one family are cast to each other without being asked to.
_FAMILIES = (
    ("INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL"),
    ("DATE", "TIMESTAMP"),
)
_DESCRIBED = ("Name", "Input", "Returns", "Body", "Created_At", "Last_Modified_At", "Owner")


class FunctionStatements:
    """Each method is one statement."""

    def __init__(self, functions: FunctionStore, planner: Planner) -> None:
        self._functions, self._planner = functions, planner

    def handlers(self) -> Handlers:
        """The commands that are run here."""
        return {
            c.CreateFunction: self.create,
            c.DropFunction: self.drop,
            c.DescribeFunction: self.describe,
            c.ShowFunctions: self.show,
        }

    def create(self, command: c.CreateFunction, statement: Statement, stop: Interruptible) -> Outcome:
        """CREATE FUNCTION: the body is planned, not run."""
        path = in_context(command.path, statement.context)
        if len(path) == 1 and path[0].upper() in FUNCTIONS:
            raise InvalidStatement(f"VALIDATION ERROR: [{path[0]}] is a function of the system.")
        before = self._functions.at(path)
        if before is not None and not command.replace:
            if command.if_missing:
                return done(f"Function [{_shown(path)}] was not created as it already exists.")
            raise InvalidStatement(
                f"VALIDATION ERROR: Function [{_shown(path)}] was not created as a function with the same"
                " name already exists."
            )
        function = UserFunction(
            path, command.parameters, command.returns, command.columns, command.body, statement.context
        )
        self._check(function, statement.user)
        self._functions.put(function, statement.user)
        return done(f"Function [{_shown(path)}] has been {'created' if before is None else 'updated'}.")

    def _check(self, function: UserFunction, user: str) -> None:
        admitted(function.query)
        for _, kind in function.parameters:
            column_type(kind)
        wanted = [column_type(kind) for _, kind in function.columns] or [column_type(function.returns)]
        found = [kind for _, kind in self._planner.described_tree(body_without_arguments(function), user)]
        if len(found) != len(wanted):
            raise InvalidStatement(
                f"VALIDATION ERROR: Number of columns mismatched \nDefined: {len(wanted)}"
                f"\nActual: {len(found)}"
            )
        if not all(map(_fits, found, wanted)):
            raise InvalidStatement(
                f"VALIDATION ERROR: Row types are different.\nDefined: {', '.join(wanted)}"
                f"\nActual: {', '.join(found)}"
            )

    def drop(self, command: c.DropFunction, statement: Statement, stop: Interruptible) -> Outcome:
        """DROP FUNCTION."""
        stored = self._functions.named(command.path, statement.context)
        if stored is None:
            missing = f"Function [{_shown(command.path)}] does not exist."
            if command.if_exists:
                return done(missing)
            raise InvalidStatement(f"VALIDATION ERROR: {missing}")
        self._functions.remove(stored.function.path)
        return done(f"Function [{_shown(stored.function.path)}] has been dropped.")

    def describe(self, command: c.DescribeFunction, statement: Statement, stop: Interruptible) -> Outcome:
        """DESCRIBE FUNCTION."""
        stored = self._functions.named(command.path, statement.context)
        if stored is None:
            raise InvalidStatement(f"VALIDATION ERROR: Function [{_shown(command.path)}] does not exist.")
        function = stored.function
        returns = f"TABLE ({_pairs(function.columns)})" if function.columns else function.returns
        texts = (dotted(function.path), _pairs(function.parameters, "\n"), returns, function.body)
        arrays = [
            *(pa.array([text], pa.string()) for text in texts),
            *(pa.array([at], pa.timestamp("ms")) for at in (stored.created_at, stored.modified_at)),
            pa.array([stored.owner], pa.string()),
        ]
        return Outcome(pa.table(arrays, names=list(_DESCRIBED)), 1, is_query=True)

    def show(self, command: c.ShowFunctions, statement: Statement, stop: Interruptible) -> Outcome:
        """SHOW FUNCTIONS: the user's own."""
        names = [_name(stored) for stored in self._functions.all()]
        if command.like is not None:
            names = [name for name in names if like_matches(command.like, name)]
        return Outcome(pa.table({"FUNCTION_NAME": pa.array(names, pa.string())}), len(names), is_query=True)


def _fits(found: str, wanted: str) -> bool:
    one, other = found.partition("(")[0].upper(), wanted.partition("(")[0].upper()
    return one == other or any(one in family and other in family for family in _FAMILIES)


def _name(stored: StoredFunction) -> str:
    return dotted(stored.function.path)


def _shown(path: Path) -> str:
    return ".".join(map(quoted, path)) if len(path) > 1 else path[0]


def _pairs(columns: Sequence[tuple[str, str]], separator: str = ", ") -> str:
    return separator.join(f"{name} {kind}" for name, kind in columns)
