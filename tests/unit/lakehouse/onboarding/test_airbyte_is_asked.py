"""What `bin/source check` makes of `bin/airbyte diff`, however that ends."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.onboarding.checking.finding import Finding, Status
from lakehouse.onboarding.checking.server import check_airbyte

SAME = "unchanged  source      cafe_postgres\nunchanged  connection  cafe_postgres_to_lake\n"
DIFFERENT = (
    "unchanged  source      cafe_postgres\n"
    "differs    connection  cafe_postgres_to_lake: configurations.streams.orders.syncMode\n"
    "missing    source      cafe_files\n"
    "missing    source      shop_files\n"
)
LEFT_OUT = "left_out   source      cafe_postgres: CAFE_PG_HOST has no value\n"


@pytest.mark.usefixtures("cafe")
@pytest.mark.parametrize(
    ("code", "out", "err", "expected"),
    [
        (0, SAME, "", [(Status.FITS, "holds its 4 connections as declared")]),
        (
            1,
            DIFFERENT,
            "",
            [
                (
                    Status.DIFFERS,
                    "differs: connection cafe_postgres_to_lake: configurations.streams.orders.syncMode",
                ),
                (Status.DIFFERS, "missing: source cafe_files"),
            ],
        ),
        (1, LEFT_OUT, "", [(Status.DIFFERS, "left out: source cafe_postgres: CAFE_PG_HOST has no value")]),
        (2, "", "error: Airbyte is away", [(Status.UNKNOWN, "it cannot be asked: Airbyte is away")]),
        (1, "", "Traceback\nKeyError: 'x'", [(Status.UNKNOWN, "it cannot be asked: KeyError: 'x'")]),
        (127, "", "", [(Status.UNKNOWN, "it cannot be asked: no reason given")]),
    ],
)
def test_its_answer_is_told_for_this_business(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: int,
    out: str,
    err: str,
    expected: list[tuple[Status, str]],
) -> None:
    def answer(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], code, out, err)

    monkeypatch.setattr(subprocess, "run", answer)
    assert [(each.status, each.words) for each in _found(tmp_path)] == expected


@pytest.mark.usefixtures("cafe")
def test_an_airbyte_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def hang(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("bin/airbyte", 120)

    monkeypatch.setattr(subprocess, "run", hang)
    [finding] = _found(tmp_path)
    assert finding.status is Status.UNKNOWN


def _found(root: Path) -> list[Finding]:
    return list(check_airbyte(read_all_connection_files(), root))
