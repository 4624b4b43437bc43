"""`bin/stream rebuild`: throw a hot table away and make it again from landing, while the stream goes on."""

from __future__ import annotations

import argparse

from lakehouse.stream.plan import STREAMS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which tables."""
    parser.add_argument("streams", nargs="*", type=_stream, metavar="STREAM", help="by default all")


def run(options: argparse.Namespace) -> int:
    """Rebuild them, one after the other.

    Raises: as Rebuild.run does.
    """
    # boto3, pyarrow and pydantic: the other commands start without them.
    from lakehouse.dremio.hook import DremioHook
    from lakehouse.platform.database import platform_postgres
    from lakehouse.platform.storage import LakeStorage
    from lakehouse.stream.hot import HotTables
    from lakehouse.stream.ledger import StreamLedger
    from lakehouse.stream.rebuild import Rebuild

    postgres = platform_postgres()
    hot = HotTables(DremioHook().get_conn(), postgres)
    rebuild = Rebuild(hot, postgres, LakeStorage.from_connection(), StreamLedger(postgres))
    for stream in options.streams or STREAMS:
        done = rebuild.run(stream)
        print(
            f"hot.{stream} is {done.table} now: {done.rows} versions of {done.landing_files} landing "
            f"objects; the stream's merges waited {done.held_up_seconds:.1f} s"
        )
    return 0


def _stream(name: str) -> str:
    if name not in STREAMS:
        raise argparse.ArgumentTypeError(f"there is no stream {name}; there are {', '.join(STREAMS)}")
    return name
