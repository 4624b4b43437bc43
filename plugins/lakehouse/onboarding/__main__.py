"""`bin/source add|remove|check NAME`: brings a business in, takes it out, says whether everything fits.

Exit code: 0 done, or everything fits; 1 it does not fit, or was declined; 2 it cannot be done or told,
and nothing was written. `bin/source COMMAND --help` explains each.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

from lakehouse.platform.errors import LakehouseError

COMMANDS: Final[Mapping[str, str]] = {
    "add": "bring a business in, or write what has changed at its source",
    "check": "say on one screen whether everything fits",
    "remove": "take a business out",
}
"""Each is a module of this package with `add_arguments(parser)` and `run(options) -> int`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an expected error is one message, without a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Only the chosen command is imported: each needs libraries of its own.
    chosen = next((word for word in given if word in COMMANDS), None)
    parser = argparse.ArgumentParser(
        prog="bin/source", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    module: ModuleType | None = None
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name == chosen:
            module = importlib.import_module(f"lakehouse.onboarding.{name}")
            module.add_arguments(command)
    options = parser.parse_args(given)
    if module is None:  # argparse has refused every other word
        parser.error(f"choose one of: {', '.join(COMMANDS)}")
    try:
        return int(module.run(options))
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: nothing was written", file=sys.stderr)
        raise


if __name__ == "__main__":
    sys.exit(main())
