"""Versions with known traps, clocks, disks, environments, drift, and connections that refuse."""

# ruff: noqa: E501 - the cases are tables: one row per line.

from __future__ import annotations

import http.server
import importlib.metadata
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from packaging.version import Version

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.bronze.contract_file import load_contracts
from lakehouse.dremio.reflections import load_reflections, reflection_drift
from lakehouse.dremio.sources import LakeAccess, load_sources, source_drift
from lakehouse.observe.doctor import checkout, connections, disk, drift, slots, versions
from lakehouse.observe.doctor.clock import clock_look
from lakehouse.observe.doctor.finding import NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.doctor.versions import TRAPS, VersionTrapError, load_traps, trapped
from lakehouse.platform import names
from lakehouse.platform.repository import INCLUDE, REPOSITORY
from lakehouse.superset.assets_bundle import read_bundle
from tests.unit.lakehouse.observe.doctor.clinic import EMBEDDED, ScriptedAirflow, ScriptedSurroundings

NOW = datetime.now(UTC)
LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}


# --- versions


def test_every_trap_is_complete_and_can_be_fallen_into() -> None:
    traps = load_traps()
    assert len(traps) > 10
    for trap in traps:
        assert trap.what.endswith(".")
        assert trap.reference
        numbers = [str(each.version).replace(".*", ".0") for each in trap.versions]
        near = [*numbers, *(f"{number}.1" for number in numbers), "0.1", "99"]
        assert any(trap.versions.contains(Version(number)) for number in near), trap


@pytest.mark.parametrize(
    ("product", "version", "severity"),
    [
        ("airflow", "3.2.1", Severity.ERROR),
        ("airflow", "3.3.2", Severity.NOTE),
        ("airflow", "4.0.0", None),
        ("postgres", "12.22 (Debian 12.22-1)", Severity.ERROR),
        ("postgres", "14.3", Severity.ERROR),
        ("postgres", "17.5", None),
        ("dremio", "24.3.2-202401241821100032-d2d8a497", Severity.WARN),
        ("dremio", "26.0.0-202504290223270716-afdd6663", None),
        ("superset", "5.0.0", Severity.ERROR),
        ("sqlalchemy-dremio", "3.0.4", Severity.ERROR),
        ("sqlalchemy-dremio", "3.0.5", None),
        ("dbt-core", "1.12.0rc1", Severity.ERROR),
        ("dbt-core", "1.11.16", None),
        ("elasticsearch", "8.19.21", Severity.ERROR),
        ("postgres", "unknown", None),
    ],
)
def test_a_version_with_a_trap_is_named_with_its_reference(
    product: str, version: str, severity: Severity | None
) -> None:
    found = list(trapped(product, version, load_traps()))
    assert {each.severity for each in found} == ({severity} if severity else set())
    assert all(version in each.what and "(" in each.evidence for each in found)


@pytest.mark.parametrize(
    "entry", ["{product: a}", "{product: a, versions: 'about 3', severity: warn, what: b, reference: c, do: d}",
              "{product: a, versions: '<3', severity: bad, what: b, reference: c, do: d}"],
)  # fmt: skip
def test_a_table_of_traps_with_a_faulty_entry_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / TRAPS.name).write_text(f"traps:\n  - {entry}\n")
    with pytest.raises(VersionTrapError):
        load_traps(tmp_path / TRAPS.name)


def test_packages_are_found_in_every_environment_of_the_checkout(tmp_path: Path) -> None:
    def installed(environment: str, name: str, version: str) -> None:
        folder = tmp_path / ".local" / "envs" / environment / "lib/python3.11/site-packages"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    installed("superset", "sqlalchemy-dremio", "3.0.4")
    installed("dbt", "dbt-core", "1.11.16")
    installed("embedded", "duckdb", "2.0.0")
    found = versions.packages_look(Surroundings(environ={}, checkout=tmp_path))
    serious = {each.what.partition(":")[0] for each in found if each.severity is Severity.ERROR}
    assert serious == {"sqlalchemy-dremio 3.0.4", "duckdb 2.0.0"}
    assert importlib.metadata.version("astronomer-cosmos")


def test_each_service_is_asked_for_its_version() -> None:
    class Dremio:
        def version(self) -> str:
            return "24.0.0-1"

    airflow = ScriptedAirflow({"version": {"version": "3.2.0"}})
    around = ScriptedSurroundings(environ={}, services={"dremio": Dremio(), "airflow": airflow})
    [found] = versions.product_look("dremio")(around)
    assert "dremio 24.0.0-1" in found.what
    [found] = versions.product_look("airflow")(around)
    assert "airflow 3.2.0" in found.what
    assert set(versions.READ_FROM) == set(versions._READINGS)


# --- HTTP services


@contextmanager
def answering(
    status: int = 200, body: str = "{}", date: datetime | None = None, elastic: bool = False
) -> Iterator[str]:
    """A server that gives the same answer to everything; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(date or datetime.now(UTC), usegmt=True))
            if elastic:
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def connected(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "http"} | fields))


@pytest.mark.parametrize(
    ("minutes", "severity"), [(0, None), (1, Severity.WARN), (-1, Severity.WARN), (30, Severity.ERROR)]
)
@pytest.mark.parametrize("service", ["superset", "airbyte", "dremio", "airflow"])
def test_a_clock_that_is_off_is_named(service: str, minutes: int, severity: Severity | None) -> None:
    class Service(NamedTuple):
        base_url: str
        url: str

    with answering(status=404, date=datetime.now(UTC) + timedelta(minutes=minutes)) as url:
        around = ScriptedSurroundings(environ={}, services={service: Service(url, url)})
        found = list(clock_look(service)(around))
    assert [each.severity for each in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("conn_id", "service"),
    [
        (names.DREMIO_CONNECTION, "dremio"),
        (names.AIRBYTE_CONNECTION, "airbyte"),
        (names.SUPERSET_CONNECTION, "superset"),
        (names.AIRFLOW_CONNECTION, "airflow"),
    ],
)
def test_a_service_that_refuses_the_login_is_named_with_what_starts_it(
    monkeypatch: pytest.MonkeyPatch, conn_id: str, service: str
) -> None:
    with answering(status=401) as url:
        connected(monkeypatch, conn_id, host=url, login="lakehouse", password="wrong-word")
        if conn_id == names.DREMIO_CONNECTION:
            host, port = url.removeprefix("http://").split(":")
            connected(
                monkeypatch, conn_id, host=host, port=int(port), login="lakehouse", password="wrong-word"
            )
        [found] = LOOKS[conn_id](Surroundings(environ=EMBEDDED))
    assert found.what == f"{conn_id} does not answer, or refuses"
    assert found.command == f'make up SERVICE="{service}"'
    assert "wrong-word" not in repr(found)


@pytest.mark.parametrize(
    ("status", "words"), [(200, None), (404, None), (401, "refuses its token"), (503, "fails")]
)
def test_a_rest_source_is_asked_with_its_token(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str | None
) -> None:
    with answering(status=status) as url:
        connected(monkeypatch, "shop_api", host=url, password="token-of-the-shop")
        found = list(LOOKS["shop_api"](Surroundings(environ=EMBEDDED)))
    assert len(found) == (0 if words is None else 1)
    assert words is None or words in found[0].what


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ("file:///tmp/alerts.jsonl", None),
        ("json://127.0.0.1:9/hook", None),
        ("", "names no notifier"),
        ("nobody-knows://address-with-a-token", "does not understand"),
        (None, "there is no Airflow connection"),
    ],
)
def test_alerts_that_nobody_would_get(
    monkeypatch: pytest.MonkeyPatch, addresses: str | None, words: str | None
) -> None:
    if addresses is not None:
        connected(monkeypatch, names.ALERTS_CONNECTION, password=addresses)
    found = list(LOOKS[names.ALERTS_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert len(found) == (0 if words is None else 1)
    assert words is None or words in found[0].evidence
    assert "address-with-a-token" not in repr(found)


@pytest.mark.parametrize(("status", "severity"), [("green", None), ("yellow", None), ("red", Severity.ERROR)])
def test_elasticsearch_that_has_lost_shards(
    monkeypatch: pytest.MonkeyPatch, status: str, severity: Severity | None
) -> None:
    with answering(body=json.dumps({"status": status}), elastic=True) as url:
        host, port = url.removeprefix("http://").split(":")
        connected(monkeypatch, names.ELASTICSEARCH_CONNECTION, host=host, port=int(port), schema="http")
        found = list(LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert [each.severity for each in found] == ([severity] if severity else [])
    off = list(LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert [(each.severity, each.command) for each in off] == [(Severity.NOTE, "make up OBSERVE=1")]
    [down] = LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ={}))
    assert down.severity is Severity.ERROR


def test_a_folder_of_drops_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path, count in ((tmp_path, 0), (tmp_path / "absent", 1)):
        connected(monkeypatch, "shop_files", conn_type="fs", extra={"path": str(path)})
        assert len(list(LOOKS["shop_files"](Surroundings(environ={})))) == count


class Superset:
    """A user with some roles."""

    base_url = "http://superset"

    def __init__(self, roles: dict[str, list[list[str]]]) -> None:
        self.roles = roles

    def get(self, path: str, params: Any = None) -> dict[str, Any]:
        return {"result": {"roles": self.roles}}


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ({"Admin": []}, None),
        ({"Warmer": [["can_read", "Dashboard"], ["can_read", "Chart"], ["can_warm_up_cache", "Chart"], ["can_import_", "ImportExportRestApi"]]}, None),
        ({"Gamma": [["can_read", "Dashboard"], ["can_read", "Chart"]]}, "can_warm_up_cache on Chart"),
        ({}, "can_read on Dashboard"),
    ],
)  # fmt: skip
def test_rights_that_are_missing_in_superset(roles: Any, missing: str | None) -> None:
    around = ScriptedSurroundings(environ=EMBEDDED, services={"superset": Superset(roles)})
    found = list(LOOKS[names.SUPERSET_CONNECTION](around))
    assert len(found) == (0 if missing is None else 1)
    assert missing is None or missing in found[0].evidence


def test_airbyte_without_a_workspace_and_dremio_that_answers_wrongly() -> None:
    class Airbyte:
        base_url = "http://airbyte"

        def listed(self, path: str, **_: Any) -> Iterator[dict[str, Any]]:
            yield from ()

    class Dremio:
        def query(self, sql: str, timeout: float) -> list[dict[str, Any]]:
            return [{"answer": 2}]

    around = ScriptedSurroundings(environ=EMBEDDED, services={"airbyte": Airbyte(), "dremio": Dremio()})
    [found] = LOOKS[names.AIRBYTE_CONNECTION](around)
    assert "has no workspace" in found.what
    [found] = LOOKS[names.DREMIO_CONNECTION](around)
    assert "answers a query wrongly" in found.what


# --- disks and environments


class Room(NamedTuple):
    """What statvfs answers."""

    f_blocks: int
    f_bavail: int
    f_frsize: int = 2**20
    f_files: int = 100
    f_favail: int = 50


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (Room(100 * 1024, 50 * 1024), []),
        (Room(100 * 1024, 5 * 1024), ["warn: nearly full"]),
        (Room(100 * 1024, 2 * 1024), ["error: is full"]),
        (Room(10 * 1024, 900), ["error: is full"]),
        (Room(4096 * 1024, 300 * 1024), []),
        (Room(100 * 1024, 50 * 1024, f_favail=1), ["warn: out of inodes"]),
        (Room(0, 0), []),
    ],
)
def test_a_disk_that_fills_is_named_before_and_when_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: Room, expected: list[str]
) -> None:
    monkeypatch.setattr(disk.os, "statvfs", lambda place: room)
    around = Surroundings(environ={"LAKEHOUSE_STATE_DIR": str(tmp_path / "not" / "yet")}, checkout=tmp_path)
    found = [each for each in disk.disk_look(around) if "the platform's state" in each.what]
    assert len(found) == len(expected)
    for each, words in zip(found, expected, strict=True):
        severity, _, ending = words.partition(": ")
        assert (each.severity, each.what.endswith(ending)) == (severity, True)
        assert str(tmp_path) in each.evidence


def test_an_environment_that_is_not_of_its_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError):
        list(checkout.environments_look(Surroundings(environ={}, checkout=tmp_path)))
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    shutil.copy(REPOSITORY / "bin" / "bootstrap", tmp_path / "bin" / "bootstrap")
    for name in ("lint", "dbt", "superset"):
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", tmp_path / ".local/envs" / name], check=True
        )
    around = Surroundings(environ={}, checkout=tmp_path)
    stamp = tmp_path / ".local/envs/lint/built-from.sha256"
    code = (
        "import importlib.machinery as m, types;"
        f"l = m.SourceFileLoader('b', {str(tmp_path / 'bin/bootstrap')!r});"
        "b = types.ModuleType('b'); b.__file__ = l.path; l.exec_module(b); print(b.fingerprint('lint'), end='')"
    )
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    stamp.write_text(made)
    (tmp_path / ".local/envs/dbt/built-from.sha256").write_text("of an older lock")
    found = {each.what: each for each in checkout.environments_look(around)}
    assert set(found) == {"the environment dbt is stale", "the environment superset is stale"}
    assert "never finished" in found["the environment superset is stale"].evidence
    assert found["the environment dbt is stale"].command == "bin/bootstrap dbt"


# --- drift


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


def test_views_that_are_not_those_that_a_load_makes() -> None:
    from lakehouse.bronze.catalogue import BronzeCatalogue

    contract = load_contracts()[0]
    nobody: Any = Dremio({}, [])
    views = BronzeCatalogue(nobody)._views(contract)
    held: Any = Dremio({tuple(path): {"sql": query} for path, query in views}, [])
    assert list(BronzeCatalogue(held).view_drift(contract)) == []
    held.entities[tuple(views[0][0])] = {"sql": "select 1"}
    assert list(BronzeCatalogue(held).view_drift(contract)) == [(".".join(views[0][0]), "another query")]
    assert ("bronze.raw_customers", "missing") in [
        pair for each in load_contracts() for pair in BronzeCatalogue(nobody).view_drift(each)
    ]


def test_dashboards_that_are_not_those_of_the_files() -> None:
    bundle = read_bundle(INCLUDE / "superset")
    [dashboard] = bundle.dashboards

    class Held:
        mark = bundle.mark

        def get(self, path: str, params: Any = None) -> dict[str, Any]:
            if path.endswith("/charts"):
                return {"result": list(dashboard.chart_uuids)}
            return {"result": {"certification_details": self.mark}}

    held = Held()
    around = ScriptedSurroundings(environ=EMBEDDED, services={"superset": held})
    assert list(drift.superset_drift_look(around)) == []
    held.mark = "[files of another day]"
    [found] = drift.superset_drift_look(around)
    assert dashboard.title in found.what
    assert found.command == "bin/airflow dags trigger provision_platform"


# --- slots that cannot be planted in a real server within seconds


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


# --- commands


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
