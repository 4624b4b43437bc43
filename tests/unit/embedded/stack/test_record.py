"""What was started is read back whole, without its steps: `down` and `status` go by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from embedded.stack.record import UncheckedError, read_record, write_record
from embedded.stack.service import Program, Service, no_obstacles, nothing
from embedded.stack.status import DOWN, HEALTHY, OFF, UNCHECKED, Row, all_well, rows, table
from embedded.stack.supervisor import ProgramState

SERVER = Program(
    "postgres",
    ("postgres", "-D", "data"),
    lambda: {"PASSWORD": "hunter2"},
    stop_signal="INT",
    stop_seconds=30,
    signal_whole_group=False,
)
POSTGRES = Service("postgres", "PostgreSQL", "127.0.0.1:1", ("POSTGRES",), (SERVER,), nothing)
OBSERVER = Service(
    "observer",
    "Observer",
    "http://y",
    ("OBSERVER",),
    (Program("observer", ("observe",)),),
    nothing,
    optional=True,
)
SHOP = Service("shop", "Shop", "http://x", ("SHOP",), (Program("shop", ("serve",)),), nothing, ("postgres",))


def test_every_fact_comes_back_and_no_secret_is_kept(tmp_path: Path) -> None:
    write_record(tmp_path, [POSTGRES, SHOP, OBSERVER])
    found = read_record(tmp_path)
    assert list(found) == ["postgres", "shop", "observer"]
    for name, service in (("postgres", POSTGRES), ("shop", SHOP), ("observer", OBSERVER)):
        programs = tuple(replace(program, environment=dict) for program in service.programs)
        assert replace(found[name], check=nothing) == replace(service, programs=programs)
        assert found[name].obstacles is no_obstacles
    assert "hunter2" not in (tmp_path / "services.json").read_text()


def test_nothing_was_ever_started(tmp_path: Path) -> None:
    assert read_record(tmp_path) == {}


def test_health_cannot_be_said_of_a_recorded_service(tmp_path: Path) -> None:
    write_record(tmp_path, [SHOP])
    with pytest.raises(UncheckedError):
        read_record(tmp_path)["shop"].check()


class OneRunning:
    """A supervisor under which only the program `postgres` runs."""

    def running(self) -> bool:
        return True

    def states(self) -> dict[str, ProgramState]:
        return {
            "postgres": ProgramState("postgres", "RUNNING", 2**22 + 1, 0.0, ""),
            "shop": ProgramState("shop", "STOPPED", 0, 0.0, ""),
        }


def test_status_of_recorded_services_says_running_not_healthy(tmp_path: Path) -> None:
    write_record(tmp_path, [POSTGRES, SHOP])
    found = rows(OneRunning(), read_record(tmp_path))  # type: ignore[arg-type]
    assert [row.health for row in found] == [UNCHECKED, DOWN]
    heading, postgres, shop, total = table(found)
    assert postgres.split()[:2] == ["postgres", "PostgreSQL"]
    assert "healthy" not in postgres
    assert len({len(line) for line in (heading, postgres, shop, total)}) == 1, "the columns stand in line"


@pytest.mark.parametrize(
    ("state", "pid", "health"),
    [
        ("STOPPED", 0, OFF),
        ("FATAL", 0, "fatal"),
        ("EXITED", 0, DOWN),
        ("BACKOFF", 0, DOWN),
        ("RUNNING", 1, HEALTHY),
    ],
)
def test_an_optional_service_is_off_until_it_was_asked_for(state: str, pid: int, health: str) -> None:
    class Supervisor(OneRunning):
        def states(self) -> dict[str, ProgramState]:
            return {"observer": ProgramState("observer", state, pid, 0.0, "")}

    [row] = rows(Supervisor(), {"observer": OBSERVER})  # type: ignore[arg-type]
    assert row.health == health


@pytest.mark.parametrize(
    ("healths", "well"),
    [
        ([HEALTHY, OFF], True),
        ([HEALTHY, DOWN], False),
        ([HEALTHY, "not answering"], False),
        ([OFF], False),
        ([], False),
    ],
)
def test_a_service_that_nobody_asked_for_is_not_amiss(healths: list[str], well: bool) -> None:
    assert all_well([Row("x", "", (), health, "", 0) for health in healths]) == well
