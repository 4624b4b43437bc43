"""What the faults rely on: a program that is killed is gone, and its supervisor brings it back."""

from __future__ import annotations

import pytest

from testing.lakehouse.stream_platform import StreamPlatform
from testing.programs import AIRBYTE, DREMIO, OBJECT_STORE
from testing.waiting import wait_until


@pytest.mark.parametrize("program", [AIRBYTE, DREMIO, OBJECT_STORE])
def test_a_killed_program_comes_back_as_another_process(platform: StreamPlatform, program: str) -> None:
    before = set(platform.programs.running(program))
    assert platform.programs.kill(program) == len(before) > 0
    wait_until(lambda: platform.programs.running(program), f"{program} is back")
    platform.wait_until_whole()
    after = set(platform.programs.running(program))
    assert after
    assert not after & before


def test_a_crashed_postgres_comes_back_with_its_rows(platform: StreamPlatform) -> None:
    [(before,)] = platform.shop_rows("select count(*) from orders")
    platform.programs.crash_postgres()
    platform.wait_until_whole()
    assert platform.shop_rows("select count(*) from orders") == [(before,)]
    assert before > 1_000
