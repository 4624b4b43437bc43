"""What every process of the platform gets before its own variables."""

from __future__ import annotations

import os
import pwd

from embedded.settings import HOST, Settings

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def base_environment(settings: Settings) -> dict[str, str]:
    """Nothing of the caller's, UTC, no proxy to itself, no call home, and a home inside the state folder:
    what programs keep in a user's home (gunicorn its socket, DuckDB its extensions) goes with the platform.

    A service that kept the caller's PATH would run otherwise from cron than from a shell, and `up` from a
    second shell would take it for changed and restart it in the middle of a night.
    """
    user = pwd.getpwuid(os.geteuid())
    return {
        "DO_NOT_TRACK": "1",
        "HOME": str(settings.home_dir),
        "LANG": "C.UTF-8",
        "LOGNAME": user.pw_name,
        # glibc otherwise gives each thread an arena of its own, and the Dremio engine has forty threads.
        "MALLOC_ARENA_MAX": "2",
        "NO_PROXY": f"{HOST},localhost",
        "PATH": SYSTEM_PATH,
        "SCARF_ANALYTICS": "false",
        # setproctitle writes a process's title over its environment, by which `down` recognises it.
        "SPT_NOENV": "1",
        "TZ": "UTC",
        "USER": user.pw_name,
        "no_proxy": f"{HOST},localhost",
    }
