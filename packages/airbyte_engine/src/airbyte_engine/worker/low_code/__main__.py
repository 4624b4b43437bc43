"""Run `source-declarative-manifest`, with its arguments, under the checks of this package."""

from __future__ import annotations

import sys
import types
from pathlib import Path


def main() -> None:
    # This package is not installed in the connectors' environment, and its environment must not be mixed in.
    package = types.ModuleType("airbyte_engine")
    package.__path__ = [str(Path(__file__).parents[2])]
    sys.modules["airbyte_engine"] = package
    sys.path.pop(0)

    from airbyte_cdk.cli.source_declarative_manifest import run

    from airbyte_engine.worker.low_code import decoding, paging

    decoding.install()
    paging.install()
    run()


if __name__ == "__main__":
    main()
