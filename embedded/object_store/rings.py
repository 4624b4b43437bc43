"""Writes Swift's rings: `python -m embedded.object_store.rings <folder> <store>=<port>...`.

It is a separate process because importing Swift patches threads and locks for eventlet, which deadlocks a
program that uses threads.
"""

from __future__ import annotations

import sys
from pathlib import Path

from swift.common.ring import RingBuilder

from embedded.object_store.layout import DEVICE
from embedded.settings import HOST

PART_POWER = 8
"""At most 2**8 folders per server. It decides where objects are stored: never change it on existing data."""


def write_ring(path: Path, port: int) -> None:
    """A ring with one copy on one device, whose server listens on `port`."""
    builder = RingBuilder(PART_POWER, 1, 1)
    place = {"region": 1, "zone": 1, "ip": HOST, "port": port, "device": DEVICE, "weight": 1.0, "meta": ""}
    builder.add_dev(place | {"replication_ip": HOST, "replication_port": port})
    builder.rebalance()
    builder.get_ring().save(str(path))


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        store, _, number = argument.partition("=")
        write_ring(Path(sys.argv[1]) / f"{store}.ring.gz", int(number))
