"""What runs the commands that are not queries, as data: each part of the engine contributes its own."""

from collections.abc import Callable, Mapping
from typing import Any

from dremio_engine.lake.cursors import Interruptible
from dremio_engine.lake.outcomes import Outcome
from dremio_engine.sql.statement import Statement

# (the command, typed as the handler knows it; the statement it is from; the way to stop it) -> its answer.
Handler = Callable[[Any, Statement, Interruptible], Outcome]
Handlers = Mapping[type, Handler]


def merged(*parts: Handlers) -> Handlers:
    """The handlers of all parts. Raises ValueError when two would run the same command."""
    found: dict[type, Handler] = {}
    for part in parts:
        if twice := found.keys() & part.keys():
            raise ValueError(f"two parts run {', '.join(sorted(each.__name__ for each in twice))}")
        found |= part
    return found
