"""What is refused: statements in words alone, and Arrow Flight SQL by the name of the command.

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


class Refused(ValueError):
    """Reaches the client as ArrowInvalid (INVALID_ARGUMENT), as Dremio's refusals do, without a traceback.

    Arrow's server writes an exception's traceback, and with it this machine's paths, behind the message. It
    leaves that out of an exception that cannot be formatted: formatting asks for the cause first.
    """

    @property
    def __cause__(self) -> BaseException | None:  # type: ignore[override]
        raise AttributeError("a refusal is not shown with its traceback")


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
