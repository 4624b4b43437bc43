"""What was started is read back whole, without its steps: `down` and `status` go by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from embedded.stack.record import UncheckedError, read_record, write_record
from embedded.stack.service import Program, Service, no_obstacles, nothing
from embedded.stack.status import DOWN, UNCHECKED, rows, table
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
SHOP = Service("shop", "Shop", "http://x", ("SHOP",), (Program("shop", ("serve",)),), nothing, ("postgres",))


def test_every_fact_comes_back_and_no_secret_is_kept(tmp_path: Path) -> None:
    write_record(tmp_path, [POSTGRES, SHOP])
    found = read_record(tmp_path)
    assert list(found) == ["postgres", "shop"]
    for name, service in (("postgres", POSTGRES), ("shop", SHOP)):
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
