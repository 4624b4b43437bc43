"""Run `source-declarative-manifest` (its path and arguments are given) under the checks of this package."""

from __future__ import annotations

import runpy
import sys
import types
from pathlib import Path


def main() -> None:
    # This package is not installed in the connectors' environment, and its environment must not be mixed in.
    package = types.ModuleType("airbyte_engine")
    package.__path__ = [str(Path(__file__).parents[2])]
    sys.modules["airbyte_engine"] = package
    sys.path.pop(0)

    from airbyte_engine.worker.low_code import decoding, paging

    decoding.install()
    paging.install()
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
