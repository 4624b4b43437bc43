"""Every command that the alerts' runbook prints works as it is printed, on a platform after a night."""

from __future__ import annotations

from typing import Final

import pytest

from lakehouse.platform.repository import REPOSITORY
from testing.lakehouse.observed_night import ObservedNight

RUNBOOK: Final = REPOSITORY / "docs" / "runbooks" / "alerts.md"
NOTHING_TO_TELL: Final = (
    "bin/logs search",
    "bin/eta",
    "bin/airbyte diff",
    "bin/doctor",
    "bin/why-stale",
    "bin/stream lag",
    "bin/stream status",
)
"""Their exit code says what they found; a page is right whether they found something or nothing."""
FOLLOWS: Final = "make logs"
LOOK_SECONDS: Final = 4


def commands(page: str) -> list[str]:
    """What follows a `$` in the page's console blocks, with the lines that continue it; each once."""
    found: list[str] = []
    inside = continues = False
    for line in page.splitlines():
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and (continues or line.startswith("$ ")):
            words = line.removeprefix("$ ")
            found = [*found[:-1], f"{found[-1]}\n{words}"] if continues else [*found, words]
            continues = line.endswith("\\")
    return list(dict.fromkeys(found))


COMMANDS: Final = commands(RUNBOOK.read_text(encoding="utf-8"))


def test_the_page_has_commands_for_what_a_person_can_do() -> None:
    assert len(COMMANDS) > 15
    assert any("curl" in each for each in COMMANDS)
    assert any("\n" in each for each in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works(observed_night: ObservedNight, command: str) -> None:
    shown = f"timeout {LOOK_SECONDS} {command}" if command.startswith(FOLLOWS) else command
    addresses = """eval "$(make env | sed 's/^/export /')" """
    done = observed_night.platform.run("bash", "-c", f"set -o pipefail\n{addresses}\n{shown}")
    accepted = {0}
    if command.startswith(FOLLOWS):
        accepted = {0, 124}  # it shows what there is and goes on until it is stopped
    elif command.startswith(NOTHING_TO_TELL):
        accepted = {0, 1}
    elif command.startswith("bin/stream verify"):
        accepted = {0, 3}  # 3: the stream has not run, so there is nothing to compare
    if done.exit_code == 2 and command.startswith("bin/eta"):
        assert "no night is going on" in done.output
        return
    assert done.exit_code in accepted, done.output
    assert done.output.strip()
    for broken in ("command not found", "No such file", "usage:", '"status":"error"'):
        assert broken not in done.output
    if not command.startswith(("bin/logs", FOLLOWS)):  # whose lines are those of any program
        assert "Traceback" not in done.output
