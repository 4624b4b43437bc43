"""Starting and stopping: who waits for whom, what a failure says, what a step done once means."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.stack.service import NotReadyError, Program, Service, nothing
from embedded.stack.stamps import done_once
from embedded.stack.starting import StartError, asked_for, needed_by, start_all
from embedded.stack.stopping import _layers
from embedded.stack.supervisor import ProgramState


class RunningSupervisor:
    """Says of every program that it is in `state`."""

    def __init__(self, folder: Path, names: list[str], state: str = "RUNNING") -> None:
        self.started: list[str] = []
        self._folder = folder
        self._states = {name: ProgramState(name, state, 1, 0.0, "it said no") for name in names}

    def start(self, program: str) -> None:
        self.started.append(program)

    def states(self) -> dict[str, ProgramState]:
        return self._states

    def log_file(self, program: str) -> Path:
        return self._folder / f"{program}.log"


def service(name: str, *needs: str, **other: object) -> Service:
    settings: dict[str, object] = {"programs": (Program(name, ("true",)),), "check": nothing} | other
    return Service(name=name, title=name, address="", ports=(), needs=needs, **settings)  # type: ignore[arg-type]


def test_a_service_starts_after_those_it_needs_are_complete(tmp_path: Path) -> None:
    order: list[str] = []
    table = [
        service("superset", "postgres", prepare=lambda: order.append("superset prepared")),
        service("postgres", complete=lambda: order.append("postgres complete")),
    ]
    supervisor = RunningSupervisor(tmp_path, ["superset", "postgres"])
    start_all(supervisor, table, lambda _: None)  # type: ignore[arg-type]
    assert order == ["postgres complete", "superset prepared"]
    assert supervisor.started == ["postgres", "superset"]


def test_an_unhealthy_service_is_reported_with_reason_log_lines_and_path(tmp_path: Path) -> None:
    def refuse() -> None:
        raise NotReadyError("answered 503")

    (tmp_path / "airbyte.log").write_text("first\nthe last words\n")
    supervisor = RunningSupervisor(tmp_path, ["airbyte"])
    with pytest.raises(StartError) as failed:
        start_all(supervisor, [service("airbyte", check=refuse, start_seconds=0.0)], lambda _: None)  # type: ignore[arg-type]
    message = str(failed.value)
    assert "airbyte: not healthy" in message
    assert "answered 503" in message
    assert "the last words" in message
    assert str(tmp_path / "airbyte.log") in message


def test_a_program_that_ended_fails_at_once_and_who_needs_it_is_not_started(tmp_path: Path) -> None:
    supervisor = RunningSupervisor(tmp_path, ["postgres", "superset"], state="FATAL")
    table = [service("postgres", start_seconds=600), service("superset", "postgres")]
    with pytest.raises(StartError, match=r"postgres: postgres ended \(it said no\)"):
        start_all(supervisor, table, lambda _: None)  # type: ignore[arg-type]
    assert supervisor.started == ["postgres"]


def test_asking_for_one_service_brings_what_it_needs() -> None:
    table = {
        s.name: s for s in (service("postgres"), service("lake"), service("airbyte", "postgres", "lake"))
    }
    assert [s.name for s in needed_by(["airbyte"], table)] == ["postgres", "lake", "airbyte"]
    assert [s.name for s in needed_by(["lake"], table)] == ["lake"]


def test_an_unknown_service_is_refused_with_the_list_of_known_ones() -> None:
    with pytest.raises(StartError, match="no service 'oracle'; there are: postgres"):
        needed_by(["oracle"], {"postgres": service("postgres")})


def test_services_stop_before_those_they_need() -> None:
    table = [service("postgres"), service("lake"), service("airbyte", "postgres", "lake")]
    assert [[s.name for s in layer] for layer in _layers(table)] == [["airbyte"], ["postgres", "lake"]]


def test_a_step_done_once_is_done_again_only_for_other_data(tmp_path: Path) -> None:
    done: list[str] = []
    for made_from in ("cluster-1", "cluster-1", "cluster-2"):
        done_once(tmp_path / "step.stamp", [made_from], lambda made=made_from: done.append(made))
    assert done == ["cluster-1", "cluster-2"]


def test_a_step_that_failed_is_tried_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        done_once(tmp_path / "step.stamp", ["x"], fail)
    done: list[str] = []
    done_once(tmp_path / "step.stamp", ["x"], lambda: done.append("x"))
    assert done == ["x"]


def test_an_optional_service_starts_only_when_it_is_asked_for() -> None:
    table = {
        each.name: each
        for each in (service("postgres"), service("observer", "postgres", optional=True), service("shop"))
    }

    def names(*asked: str, with_optional: bool = False) -> list[str]:
        return [each.name for each in asked_for(asked, table, with_optional)]

    assert names() == ["postgres", "shop"]
    assert names(with_optional=True) == ["postgres", "observer", "shop"]
    assert names("observer") == ["postgres", "observer"], "by name, with what it needs"
    assert names("shop", with_optional=True) == ["shop"], "who names some gets these"
    with pytest.raises(StartError, match="observers"):
        names("observers")
