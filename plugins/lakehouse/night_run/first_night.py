"""The first night of a platform whose data ends in the past, as a demo's does, and what happens before it."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from lakehouse.night.business_date import parse_business_date
from lakehouse.platform.errors import PermanentError

log = logging.getLogger(__name__)

FIRST_NIGHT: Final = "LAKEHOUSE_FIRST_NIGHT"
"""Its date."""
FIRST_NIGHT_COMMAND: Final = "LAKEHOUSE_FIRST_NIGHT_COMMAND"
"""What `run_night` runs before it, quoted as for a shell: the embedded platform opens the demo shop."""
COMMAND_SECONDS: Final = 3600
"""A demo of a million orders is written within it."""


class FirstNightCommandError(PermanentError):
    """The command before the first night failed; the message has its own last words."""


@dataclass(frozen=True)
class FirstNight:
    """The night of a platform that has never served one."""

    night: date
    command: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Run the command, if there is one.

        Raises:
            FirstNightCommandError: it cannot be started, takes too long, or ends with another code than 0.
        """
        if not self.command:
            return
        shown = shlex.join(self.command)
        log.info("before the first night: %s", shown)
        try:
            done = subprocess.run(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FirstNightCommandError(f"{FIRST_NIGHT_COMMAND} cannot be run: {error}") from error
        said = done.stdout.strip()
        if done.returncode:
            last = "".join(said.splitlines()[-1:]) or "it said nothing"
            raise FirstNightCommandError(
                f"{FIRST_NIGHT_COMMAND} ended with {done.returncode}: {last} | "
                f"Run it by hand, then start this again: {shown}"
            )
        for line in said.splitlines():
            log.info("%s", line)


def first_night(environment: Mapping[str, str] = os.environ) -> FirstNight | None:
    """The first night, if this deployment names one.

    Raises:
        BusinessDateError: the variable holds no date, or one in the future.
    """
    text = environment.get(FIRST_NIGHT)
    if not text:
        return None
    return FirstNight(parse_business_date(text), tuple(shlex.split(environment.get(FIRST_NIGHT_COMMAND, ""))))
