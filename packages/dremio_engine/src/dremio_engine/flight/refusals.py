"""Arrow Flight SQL, refused by the name of the command.

Dremio speaks it beside plain Flight; none of this platform's clients do. Its commands are protobufs of
type Any, so the name is what follows the last slash or dot of the type's URL.
"""

import re

from pyarrow import flight

# Every Flight SQL command is an Any whose type URL ends so.
COMMAND = re.compile(rb"arrow\.flight\.protocol\.sql\.([A-Za-z]+)")
# Flight SQL's actions have plain names; those of sessions are Flight's own.
ACTIONS = frozenset(
    [
        "BeginSavepoint",
        "BeginTransaction",
        "CancelFlightInfo",
        "CancelQuery",
        "CloseSession",
        "ClosePreparedStatement",
        "CreatePreparedStatement",
        "CreatePreparedSubstraitPlan",
        "EndSavepoint",
        "EndTransaction",
        "GetSessionOptions",
        "RenewFlightEndpoint",
        "SetSessionOptions",
    ]
)


def refuse_command(command: bytes) -> None:
    """Raises FlightServerError for a command of Flight SQL."""
    # SQL may hold such a text as well: an Any begins with its first field's tag and the URL's length.
    found = COMMAND.search(command[:200])
    if found and command[:1] == b"\n":
        raise _refusal(found.group(1).decode())


def refuse_action(name: str) -> None:
    """Raises FlightServerError for an action of Flight SQL or of Flight's sessions."""
    if name in ACTIONS:
        raise _refusal(name)


def _refusal(name: str) -> Exception:
    return flight.FlightServerError(
        f"Arrow Flight SQL is not supported by the embedded engine: [{name}]. Send SQL as the command of a"
        " plain Flight descriptor."
    )
