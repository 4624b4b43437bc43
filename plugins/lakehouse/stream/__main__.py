"""`python -m lakehouse.stream COMMAND`: looks at the stream and steers it.

On the embedded platform: `bin/stream`. Exit code: 0 all is well or it was done, 1 something is wrong, 2 it
could not be told or was refused, 3 (verify) there is nothing to compare yet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from lakehouse.platform.airflow_api import AirflowApiError
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.errors import LakehouseError
from lakehouse.stream.plan import NOT_DECLARED, is_declared

COMMANDS: Final = {
    "status": ("what the stream does, its last batch, files and edge", "lakehouse.stream.show_status"),
    "start": ("unpause it; a run that waits after a failure goes on at once", "lakehouse.stream.start_stop"),
    "stop": ("pause it: it ends when its batch is merged", "lakehouse.stream.start_stop"),
    "lag": ("how far the chart is behind the source, hop by hop", "lakehouse.stream.lag_command"),
    "verify": ("compare serving.orders with a recomputation from bronze", "lakehouse.stream.seam_command"),
    "rebuild": ("make a hot table again from landing", "lakehouse.stream.rebuild_command"),
    "run": ("run the loop in this process, without Airflow", "lakehouse.stream.run_here"),
}
"""What each command does, and the module with its `add_arguments(parser)` and `run(options) -> exit code`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="bin/stream", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (purpose, module) in COMMANDS.items():
        import_module(module).add_arguments(commands.add_parser(name, help=purpose))
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    if not is_declared():
        print(f"error: {NOT_DECLARED}", file=sys.stderr)
        return 2
    try:
        code: int = import_module(COMMANDS[options.command][1]).run(options)
        return code
    except (LakehouseError, AirflowApiError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
