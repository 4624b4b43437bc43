"""python -m airbyte_engine: serve both APIs on 127.0.0.1."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from airbyte_engine.app import create_app
from airbyte_engine.settings import AirbyteSettings, SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; running workers are killed, and their jobs go on at the next start."""
    parser = argparse.ArgumentParser(prog="airbyte_engine", description=__doc__)
    parser.add_argument("--port", type=int, help="default: the port of AIRBYTE_URL")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = AirbyteSettings.from_environ()
    except SettingsError as error:
        print(f"airbyte: {error}", file=sys.stderr)
        return 2
    port = options.port or settings.port
    uvicorn.run(
        create_app(settings), host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=2
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
