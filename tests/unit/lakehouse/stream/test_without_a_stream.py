"""A repository whose include/airbyte/ declares no stream works without one, and says so where it is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from lakehouse.observe.doctor import stream as doctor_stream
from lakehouse.observe.doctor.finding import NotConfiguredError
from lakehouse.observe.health_page.sections import SECTIONS, shown_sections
from lakehouse.observe.incidents import seam
from lakehouse.observe.metrics import reach
from lakehouse.observe.retention.policy import load_policy
from lakehouse.observe.retention.stream_files import StreamFiles
from lakehouse.platform.connections import ConnectionUnknownError
from lakehouse.stream.__main__ import COMMANDS, main
from lakehouse.stream.plan import CONNECTION, NOT_DECLARED, is_declared
from lakehouse.stream.provision_operators import ProvisionHotOperator
from lakehouse.stream.seam_record import Outcome

DAGS = Path(__file__).parents[4] / "dags"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An include/airbyte/ without a connection."""
    monkeypatch.setattr("lakehouse.stream.plan.CONNECTION_FILES", tmp_path)
    return tmp_path


def test_the_stream_is_declared_by_its_connections_file(folder: Path) -> None:
    assert not is_declared()
    (folder / f"{CONNECTION}.yaml").touch()
    assert is_declared()


@pytest.mark.parametrize("name", ["stream_orders", "tidy_stream", "verify_seam"])
def test_a_dag_of_the_stream_exists_only_with_the_stream(folder: Path, name: str) -> None:
    without = DagBag(str(DAGS / f"{name}.py"))
    (folder / f"{CONNECTION}.yaml").touch()
    with_stream = DagBag(str(DAGS / f"{name}.py"))
    assert without.import_errors == with_stream.import_errors == {}
    assert list(without.dags) == []
    assert list(with_stream.dags) == [name]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_in_one_sentence_that_there_is_no_stream(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert main([command, *(["orders"] if command == "rebuild" else [])]) == 2
    assert capsys.readouterr().err == f"error: {NOT_DECLARED}\n"


@pytest.mark.usefixtures("folder")
def test_nothing_is_provisioned_and_the_log_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert ProvisionHotOperator(task_id="create_live_views").execute({}) == []
    assert NOT_DECLARED in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("look", [doctor_stream.loop_look, doctor_stream.lag_look, doctor_stream.seam_look])
def test_the_doctor_has_nothing_to_see_and_asks_nobody(look: Any) -> None:
    with pytest.raises(NotConfiguredError, match="no stream is declared"):
        list(look(SimpleNamespace()))


@pytest.mark.usefixtures("folder")
def test_the_health_page_leaves_its_section_out() -> None:
    shown = [section.name for section in shown_sections()]
    assert shown == [section.name for section in SECTIONS if section.name != "stream"]
    assert len(shown) == len(SECTIONS) - 1


def test_metrics_have_its_lag_only_with_a_stream(folder: Path) -> None:
    def nobody(conn_id: str) -> Any:
        raise ConnectionUnknownError(conn_id)

    def sources() -> list[str]:
        return [source.name for source in reach.sources_of(SimpleNamespace(), nobody, {})]  # type: ignore[arg-type]

    without = sources()
    (folder / f"{CONNECTION}.yaml").touch()
    assert sorted([*without, "stream lag"]) == sorted(sources())


@pytest.mark.usefixtures("folder")
def test_retention_says_why_it_looked_at_nothing() -> None:
    stores = SimpleNamespace(postgres=None, lake=None)
    plan = StreamFiles(stores).plan(load_policy(), datetime.now(UTC))  # type: ignore[arg-type]
    assert plan.items == ()
    assert plan.not_looked == NOT_DECLARED


@pytest.mark.usefixtures("folder")
def test_an_incident_of_an_earlier_streams_seam_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    check = SimpleNamespace(
        check_id=1,
        checked_at=datetime(2025, 10, 16, tzinfo=UTC),
        outcome=Outcome.DIFFERENT,
        differences=1,
        days=(),
        samples=(),
        reason="one differs",
        edge_date=None,
    )
    resolved: list[tuple[Any, str]] = []
    monkeypatch.setattr(seam, "SeamRecord", lambda _: SimpleNamespace(last_decided=lambda: check))
    monkeypatch.setattr(seam, "open_members", lambda _: [SimpleNamespace(key=seam.found(check).key)])  # type: ignore[arg-type]
    monkeypatch.setattr(seam, "resolve", lambda _, key, why, at: resolved.append((key, why)))
    assert seam.watch_seam(SimpleNamespace()) is None  # type: ignore[arg-type]
    assert resolved == [(seam.found(check).key, NOT_DECLARED)]  # type: ignore[arg-type]
