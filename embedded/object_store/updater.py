"""Runs Swift's object updater on our own folder; by default it reads only /etc/swift, unlike the servers.

`python -m embedded.object_store.updater <folder> <object-server.conf> [options]`
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from swift.common.daemon import run_daemon
from swift.common.utils import parse_options, set_swift_dir
from swift.obj.diskfile import ASYNCDIR_BASE
from swift.obj.updater import ObjectUpdater

SECTION = "object-updater"


class UpdaterOnDemand(ObjectUpdater):
    """Makes no sweep while no listing is owed.

    Swift's own forks a child and writes its statistics at every interval, which on this platform was a fifth
    of all that it does while it rests.
    """

    def run_once(self, *args: Any, **kwargs: Any) -> float:
        """Seconds of the sweep, if one was due."""
        owed = any(Path(self.devices).glob(f"*/{ASYNCDIR_BASE}*/*/*"))
        return float(super().run_once(*args, **kwargs)) if owed else 0.0


def main() -> None:
    set_swift_dir(sys.argv.pop(1))
    configuration, options = parse_options(once=True)
    run_daemon(UpdaterOnDemand, configuration, section_name=SECTION, **options)


if __name__ == "__main__":
    main()
