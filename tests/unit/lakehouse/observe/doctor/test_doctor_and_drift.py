"""What Dremio and Superset hold against the files, slots, and whether commands are real."""

# ruff: noqa: E501 - the cases are tables: one row per line.

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.bronze.contract_file import load_contracts
from lakehouse.dremio.reflections import load_reflections, reflection_drift
from lakehouse.dremio.sources import LakeAccess, load_sources, source_drift
from lakehouse.observe.doctor import connections, drift, slots
from lakehouse.observe.doctor.finding import Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.doctor.versions import load_traps
from lakehouse.platform.repository import INCLUDE, REPOSITORY
from lakehouse.superset.assets_bundle import read_bundle
from tests.unit.lakehouse.observe.doctor.clinic import (
    EMBEDDED,
    ScriptedSurroundings,
    connected,
)

NOW = datetime.now(UTC)
LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}


class Dremio:
    """A catalog of entities by path, and reflections by dataset."""

    def __init__(self, entities: dict[tuple[str, ...], Any], reflections: list[dict[str, Any]]) -> None:
        self.entities = entities
        self.reflections = reflections

    def find(self, path: Any) -> Any:
        return self.entities.get(tuple(path))

    def reflections_of(self, dataset_id: str) -> list[dict[str, Any]]:
        return self.reflections


ACCESS = LakeAccess("http://lake:9000", "key", "secret", "datalake")
DECLARED = load_sources()


def as_declared() -> dict[tuple[str, ...], Any]:
    sources = {
        (each.name,): {"entityType": "source", "config": each.config(ACCESS) | {"more": 1}}
        for each in DECLARED.sources
    }
    return sources | {(space,): {"entityType": "space"} for space in DECLARED.spaces}


def test_sources_that_are_missing_or_differ() -> None:
    held = as_declared()
    same: Any = Dremio(held, [])
    assert list(source_drift(same, DECLARED, ACCESS)) == []
    held[("gold",)]["config"] |= {"rootPath": "/elsewhere", "accessSecret": "hidden"}
    held[("marts",)]["config"]["propertyList"] = []
    held[("staging",)] = {"entityType": "space"}
    del held[("bronze",)]
    assert dict(source_drift(same, DECLARED, ACCESS)) == {
        "gold": "rootPath",
        "marts": "propertyList.dremio.s3.compat, propertyList.fs.s3a.endpoint, propertyList.fs.s3a.path.style.access",
        "staging": "is a space, not a source",
        "bronze": "missing",
    }


@pytest.mark.needs_shop
def test_reflections_that_are_missing_differ_or_were_given_up() -> None:
    spec = load_reflections()[0]
    entities = {spec.dataset: {"entityType": "dataset", "id": "d"}}
    wanted = spec.body("d") | {"status": {"refresh": "SCHEDULED", "combinedStatus": "CAN_ACCELERATE"}}
    for held, expected in (
        ([wanted], None),
        ([], "it is missing"),
        ([wanted | {"displayFields": [{"name": "other"}]}], "it differs: displayFields"),
        (
            [wanted | {"status": {"refresh": "GIVEN_UP", "lastFailureMessage": "no memory"}}],
            "it was given up: no memory",
        ),
    ):
        client: Any = Dremio(entities, held)
        assert reflection_drift(client, spec) == expected
    nothing: Any = Dremio({}, [])
    assert "is not there" in str(reflection_drift(nothing, spec))
    around = ScriptedSurroundings(environ=EMBEDDED, services={"dremio": nothing})
    assert len(list(drift.dremio_reflections_look(around))) == len(load_reflections())


@pytest.mark.needs_shop
def test_views_that_are_not_those_that_a_load_makes() -> None:
    from lakehouse.bronze.catalogue import BronzeCatalogue

    contract = load_contracts()[0]
    nobody: Any = Dremio({}, [])
    views, empty = (BronzeCatalogue(nobody)._views(contract, has_partitions=each) for each in (True, False))
    held: Any = Dremio({tuple(path): {"sql": query} for path, query in empty}, [])
    assert list(BronzeCatalogue(held).view_drift(contract)) == [], "nothing was ever loaded"
    held.entities["lake_bronze", contract.source, contract.stream] = {"entityType": "dataset"}
    assert list(BronzeCatalogue(held).view_drift(contract)) == [(".".join(views[0][0]), "another query")]
    held.entities |= {tuple(path): {"sql": query} for path, query in views}
    assert list(BronzeCatalogue(held).view_drift(contract)) == []
    held.entities[tuple(views[0][0])] = {"sql": "select 1"}
    assert list(BronzeCatalogue(held).view_drift(contract)) == [(".".join(views[0][0]), "another query")]
    assert ("bronze.raw_customers", "missing") in [
        pair for each in load_contracts() for pair in BronzeCatalogue(nobody).view_drift(each)
    ]


@pytest.mark.needs_shop
def test_dashboards_that_are_not_those_of_the_files() -> None:
    bundle = read_bundle(INCLUDE / "superset")
    boards = {each.slug: each for each in bundle.dashboards}
    boards |= {each.uuid: each for each in bundle.dashboards}

    class Held:
        mark = bundle.mark

        def get(self, path: str, params: Any = None) -> dict[str, Any]:
            if path.endswith("/charts"):
                return {"result": list(boards[path.split("/")[1]].chart_uuids)}
            return {"result": {"certification_details": self.mark}}

    held = Held()
    around = ScriptedSurroundings(environ=EMBEDDED, services={"superset": held})
    assert list(drift.superset_drift_look(around)) == []
    held.mark = "[files of another day]"
    found = list(drift.superset_drift_look(around))
    assert len(found) == len(bundle.dashboards) == 2
    for each, board in zip(found, bundle.dashboards, strict=True):
        assert board.title in each.what
        assert each.command == "bin/airflow dags trigger provision_platform"


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("slot", "active", "status", "lag", "severity", "words"),
    [
        ("airbyte_slot", False, "lost", 0, Severity.ERROR, "is invalidated"),
        ("other", False, "lost", 0, Severity.ERROR, "is invalidated"),
        ("airbyte_slot", False, "unreserved", 0, Severity.ERROR, "about to be invalidated"),
        ("airbyte_slot", False, "reserved", 2**31, Severity.WARN, "is 2,048 MiB behind"),
        ("airbyte_slot", False, "reserved", 1000, None, ""),
        ("standby", True, "reserved", 2**31, None, ""),
        ("standby", False, "reserved", 0, Severity.WARN, "used by no connection"),
    ],
)
def test_the_state_of_a_slot(
    monkeypatch: pytest.MonkeyPatch,
    slot: str,
    active: bool,
    status: str,
    lag: int,
    severity: Severity | None,
    words: str,
) -> None:
    connected(monkeypatch, "shop_postgres", conn_type="postgres", host="db", schema="shop")
    declared = {"airbyte_slot": next(each for each in read_all_connection_files() if "cdc" in each.name)}
    row = (slot, "logical", active, status, lag, "shop", False)
    found = list(slots._slot(row, declared, "shop_postgres", Surroundings(environ=EMBEDDED)))
    assert [each.severity for each in found] == ([severity] if severity else [])
    assert all(words in each.what for each in found)


def test_commands_of_airflow_are_ones_that_airflow_takes() -> None:
    from airflow.cli.cli_parser import get_parser

    around = Surroundings(environ=EMBEDDED)
    commands = [
        around.trigger_command("provision_platform"),
        around.trigger_command("extract_postgres --conf '{\"force_sync\": true}'"),
        around.rerun_command("load_bronze", "2025-10-16"),
        around.airflow_command("dags clear load_bronze --run-id r1 --yes"),
        around.airflow_command("dags unpause load_bronze"),
        around.airflow_command("dags list-import-errors"),
        around.airflow_command("dags list-runs load_bronze"),
        around.airflow_command("dags reserialize --bundle-name dags-folder"),
        around.airflow_command("pools set --include-deferred airbyte 4 'Airbyte syncs'"),
        *(trap.do for trap in load_traps() if trap.do.startswith("bin/airflow")),
    ]
    import shlex

    for command in commands:
        program, *words = shlex.split(command)
        assert program == "bin/airflow"
        assert get_parser().parse_args(words)


def test_other_commands_are_there() -> None:
    for trap in load_traps():
        program, *words = trap.do.split()
        if program == "make":
            assert f"\n{words[0]}:" in (REPOSITORY / "Makefile").read_text()
        else:
            assert (REPOSITORY / program).is_file(), trap.do
