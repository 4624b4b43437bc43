"""A night that hung was ended by its test, and what followed it went on by itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from testing.checkout_platform import CheckoutPlatform
from testing.waiting import wait_until


def runs(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text[text.rindex(")") + 2] not in "ZX"


@pytest.fixture
def platform(tmp_path: Path) -> CheckoutPlatform:
    return CheckoutPlatform(tmp_path)


@pytest.mark.parametrize("deaf", ["", "trap '' TERM; "], ids=["that ends when asked", "that does not listen"])
def test_nothing_is_left_of_a_command_that_takes_too_long(platform: CheckoutPlatform, deaf: str) -> None:
    child = f"{deaf}echo $$ > child; echo started; while true; do sleep 1; done"
    with pytest.raises(subprocess.TimeoutExpired) as told:
        platform.run("bash", "-c", f'bash -c "$0" & {deaf}wait', child, timeout=2)
    pid = int((platform.home / "child").read_text(encoding="utf-8"))
    wait_until(lambda: not runs(pid), "the command's child is gone", 10)
    assert told.value.output == "started\n"


def test_what_a_command_has_put_into_a_session_of_its_own_goes_on(platform: CheckoutPlatform) -> None:
    """As `make up` does with the platform's services."""
    daemon = "setsid bash -c 'echo $$ > daemon; exec sleep 60' & until [ -s daemon ]; do sleep 0.05; done"
    with pytest.raises(subprocess.TimeoutExpired):
        platform.run("bash", "-c", f"{daemon}; sleep 60", timeout=2)
    pid = int((platform.home / "daemon").read_text(encoding="utf-8"))
    assert runs(pid)
    os.kill(pid, 9)


def test_a_command_that_ends_is_told_whole(platform: CheckoutPlatform) -> None:
    result = platform.run("bash", "-c", "echo one; echo two >&2; exit 3", timeout=10)
    assert (result.exit_code, result.output) == (3, "one\ntwo\n")
