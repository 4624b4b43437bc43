"""The process that has imported Airbyte's connector, and forks once for each command.

    python __main__.py <path of source-declarative-manifest>

A line of stdin is a command as JSON, [arguments, the file of its stderr]. What the connector prints goes to
stdout, and after it a line with `ENDED` and the exit code. It has one thread: a fork would lack any other.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import sys
import types
from pathlib import Path

CONNECTOR = "airbyte_cdk.cli.source_declarative_manifest"


def main() -> None:
    # This package is not installed in the connectors' environment, and its environment must not be mixed in.
    package = types.ModuleType("airbyte_engine")
    package.__path__ = [str(Path(__file__).parents[2])]
    sys.modules["airbyte_engine"] = package
    sys.path.pop(0)

    from airbyte_engine.worker.low_code import ENDED, decoding, paging

    decoding.install()
    paging.install()
    importlib.import_module(CONNECTOR)
    # A collection in a fork that visited what was imported would write into its pages, and so copy them.
    gc.collect()
    gc.freeze()
    executable = sys.argv[1]
    for line in sys.stdin:
        arguments, complaints = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(executable, arguments, complaints)
            return
        _, status = os.waitpid(pid, 0)
        print(ENDED, os.waitstatus_to_exitcode(status), flush=True)


def _become(executable: str, arguments: list[str], complaints: str) -> None:
    """In the fork: run the connector as if it had been called, to the interpreter's own end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    errors = os.open(complaints, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(nothing, 0)
    os.dup2(errors, 2)
    sys.argv = [executable, *arguments]
    runpy.run_path(executable, run_name="__main__")


if __name__ == "__main__":
    main()
