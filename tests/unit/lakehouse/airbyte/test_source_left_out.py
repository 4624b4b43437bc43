"""A source without values is left out by name, wherever it is met, and the others go on."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from lakehouse.airbyte import __main__ as command
from lakehouse.airbyte import provision_operators
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.errors import AirbyteDriftError, SourceLeftOutError
from lakehouse.airbyte.left_out import left_out, told
from lakehouse.airbyte.operators import AirbyteSyncOperator
from lakehouse.airbyte.provision_operators import CompareAirbyteOperator, ProvisionAirbyteOperator
from lakehouse.bronze import partition_loader
from lakehouse.bronze.left_out import left_out_sources
from lakehouse.bronze.operators import LoadBronzeStreamOperator
from lakehouse.bronze.partition_loader import NothingClaimedError
from lakehouse.observe.doctor import drift
from lakehouse.observe.doctor.finding import Severity
from lakehouse.platform import airflow_connections
from lakehouse.platform.airflow_connections import ConnectionMissingError
from lakehouse.platform.airflow_http import AirflowApiError
from lakehouse.platform.names import AIRBYTE_CONNECTION
from tests.unit.lakehouse.airbyte.airbyte_doubles import Extract, FakeAirbyte, FakeLedger
from tests.unit.lakehouse.airbyte.test_airbyte_connections_as_code import CONNECTIONS, Server
from tests.unit.lakehouse.observe.doctor.clinic import EMBEDDED, ScriptedSurroundings

pytestmark = pytest.mark.usefixtures("cafe")
URL = "http://airbyte/api/public/v1"
TODO = r"CAFE_FILES_URI in airflow_settings.yaml has no value. Write it to \S*\.env and run `make up`"
DECLARED = [
    {"conn_id": "cafe_postgres", "conn_host": "${CAFE_PG_HOST}"},
    {"conn_id": "cafe_files", "conn_uri": "${CAFE_FILES_URI}"},
    {"conn_id": "cafe_api", "conn_host": "${CAFE_API_URL}"},
]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The Airflow connections that there are: all but the café's files, unless a test takes more away."""
    monkeypatch.setitem(CONNECTIONS, AIRBYTE_CONNECTION, CONNECTIONS["cafe_api"])
    there = set(CONNECTIONS) - {"cafe_files"}

    def find(conn_id: str) -> Any:
        if conn_id not in there:
            raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")
        return CONNECTIONS[conn_id]

    monkeypatch.setattr(BaseHook, "get_connection", find)
    monkeypatch.setattr(airflow_connections, "read_sections", lambda: {"connections": DECLARED})
    for name in ("CAFE_PG_HOST", "CAFE_FILES_URI", "CAFE_API_URL"):
        monkeypatch.delenv(name, raising=False)
    return there


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """An Airbyte, for the command and for the operators."""
    server = Server()
    client = AirbyteClient(URL, transport=httpx.MockTransport(server))
    monkeypatch.setattr(command, "client_of", lambda connection: client)
    for module in (command, provision_operators, drift):
        monkeypatch.setattr(module, "SecretLedger", lambda postgres: server.sent)
    monkeypatch.setattr(command, "platform_postgres", lambda: None)
    monkeypatch.setattr(provision_operators, "platform_postgres", lambda conn_id: None)
    hook = SimpleNamespace(client=client)
    monkeypatch.setattr(provision_operators, "LakehouseAirbyteHook", lambda conn_id: hook)
    return server


class Pages:
    """Airflow's API: keeps the note on a run, or refuses it."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses = refuses
        self.notes: dict[tuple[str, str], str] = {}

    def get_conn(self) -> Pages:
        return self

    def annotate(self, dag_id: str, run_id: str, note: str) -> None:
        if self.refuses:
            raise AirflowApiError("503")
        self.notes[dag_id, run_id] = note


def provision(monkeypatch: pytest.MonkeyPatch, pages: Pages) -> list[dict[str, Any]]:
    monkeypatch.setattr(provision_operators, "AirflowApiHook", lambda: pages)
    context = {"ti": SimpleNamespace(dag_id="provision_platform", run_id="run")}
    changes: list[dict[str, Any]] = ProvisionAirbyteOperator(task_id="p").execute(context)["detail"][
        "airbyte"
    ]
    return changes


@pytest.mark.parametrize("refuses", [False, True])
def test_provisioning_does_the_others_and_tells_the_log_and_the_runs_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Server, refuses: bool
) -> None:
    pages = Pages(refuses)
    changes = {each["name"]: each for each in provision(monkeypatch, pages)}
    assert {item["name"] for item in server.items["connections"]} == {
        "cafe_api_to_lake",
        "cafe_postgres_cdc_to_lake",
        "cafe_postgres_to_lake",
    }
    assert changes["cafe_files"]["action"] == "left_out"
    assert "cafe_files_to_lake" not in changes
    words = "source cafe_files is left out: Airflow has no connection 'cafe_files': CAFE_FILES_URI in"
    assert capsys.readouterr().out.count(words) == 1
    if refuses:
        assert pages.notes == {}
    else:
        note = pages.notes["provision_platform", "run"]
        assert note.startswith("**Sources left out**, all others are provisioned:\n\n- cafe_files: ")
        assert "Write it to .env and run `make up`" in note


def test_a_whole_provisioning_leaves_no_note(
    monkeypatch: pytest.MonkeyPatch, server: Server, known: set[str]
) -> None:
    known.add("cafe_files")
    pages = Pages()
    assert "left_out" not in {each["action"] for each in provision(monkeypatch, pages)}
    assert pages.notes == {}


def test_what_airbyte_has_of_a_source_that_lost_its_values_stays(
    monkeypatch: pytest.MonkeyPatch, server: Server, known: set[str]
) -> None:
    known.add("cafe_files")
    provision(monkeypatch, Pages())
    before = json.dumps(server.items)
    known.remove("cafe_files")
    provision(monkeypatch, Pages())
    assert json.dumps(server.items) == before


def test_a_certificate_that_is_not_there_leaves_the_source_out_and_no_other(
    monkeypatch: pytest.MonkeyPatch, server: Server, cafe: Path, tmp_path: Path
) -> None:
    for name in ("cafe_postgres_to_lake", "cafe_postgres_cdc_to_lake"):
        file = cafe / f"{name}.yaml"
        verified = "schemas: [public]\n    ssl_mode: {mode: verify-full}"
        file.write_text(file.read_text().replace("schemas: [public]", verified))
    changes = {each["name"]: each for each in provision(monkeypatch, Pages())}
    assert "names no certificate, which verify-full of cafe_postgres needs" in changes["cafe_postgres"]["why"]

    certificate = tmp_path / "root.pem"
    verified_connection = Connection(
        conn_id="cafe_postgres",
        conn_type="postgres",
        host="db",
        extra=json.dumps({"sslrootcert": str(certificate)}),
    )
    monkeypatch.setitem(CONNECTIONS, "cafe_postgres", verified_connection)
    changes = {each["name"]: each for each in provision(monkeypatch, Pages())}
    assert f"its sslrootcert {certificate} cannot be read" in changes["cafe_postgres"]["why"]
    assert [item["name"] for item in server.items["connections"]] == ["cafe_api_to_lake"]

    certificate.write_text("PEM of the authority")
    provision(monkeypatch, Pages())
    source = next(item for item in server.items["sources"] if item["name"] == "cafe_postgres")
    assert source["configuration"]["ssl_mode"] == {
        "mode": "verify-full",
        "ca_certificate": "PEM of the authority",
    }


def test_without_the_lake_nothing_can_be_provisioned(
    monkeypatch: pytest.MonkeyPatch, server: Server, known: set[str]
) -> None:
    known.remove("lake_s3")
    with pytest.raises(ConnectionMissingError, match="no connection 'lake_s3'"):
        provision(monkeypatch, Pages())


def test_the_report_of_drift_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    provision(monkeypatch, Pages())
    with pytest.raises(AirbyteDriftError, match=rf"source cafe_files left_out \(.*{TODO}") as drifted:
        CompareAirbyteOperator(task_id="c").execute({})
    assert "cafe_postgres" not in str(drifted.value)


def test_the_command_compares_and_applies_the_others(
    server: Server, known: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["apply"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert "created    source      cafe_postgres" in told
    [line] = [each for each in told if "cafe_files" in each]
    assert line.startswith("left_out   source      cafe_files: Airflow has no connection 'cafe_files'")
    assert command.main(["diff"]) == 1
    assert [each for each in capsys.readouterr().out.splitlines() if "unchanged" not in each] == [line]
    known.add("cafe_files")
    command.main(["apply"])
    assert command.main(["diff"]) == 0


def test_a_sync_outside_the_night_fails_at_once(airbyte: FakeAirbyte) -> None:
    operator = AirbyteSyncOperator(task_id="sync", connection_name="cafe_files_to_lake")
    operator.__dict__["client"] = airbyte
    with pytest.raises(SourceLeftOutError, match=f"cafe_files_to_lake is left out: .*{TODO}"):
        operator._connection_id()


def test_the_night_goes_on_without_the_source(
    airbyte: FakeAirbyte, known: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    airbyte.listed = lambda path: iter(())  # type: ignore[method-assign]
    known.remove("cafe_postgres")
    report = Extract(airbyte, FakeLedger()).run()
    why = report["detail"]["left_out"]
    assert "CAFE_PG_HOST in airflow_settings.yaml has no value" in why
    assert why in capsys.readouterr().out
    assert (report["rows_in"], report["external_jobs"]) == (0, [])


def test_a_night_of_nothing_but_sources_without_values_fails(airbyte: FakeAirbyte, known: set[str]) -> None:
    airbyte.listed = lambda path: iter(())  # type: ignore[method-assign]
    known.clear()
    with pytest.raises(SourceLeftOutError, match="cafe_postgres_to_lake is left out"):
        Extract(airbyte, FakeLedger()).run()


def test_nothing_is_loaded_of_the_source_which_is_a_fault_of_any_other(
    monkeypatch: pytest.MonkeyPatch, known: set[str]
) -> None:
    def nothing(self: Any, *_: Any) -> None:
        raise NothingClaimedError("no sync of source has landed")

    monkeypatch.setattr(partition_loader.PartitionLoader, "load", nothing)
    monkeypatch.setattr(partition_loader.PartitionLoader, "__init__", lambda self, *_: None)
    monkeypatch.setattr("lakehouse.platform.storage.LakeStorage.from_connection", lambda conn_id: None)
    monkeypatch.setattr("lakehouse.landing.ledger.LandingLedger.__init__", lambda self, *_: None)
    monkeypatch.setattr("lakehouse.bronze.operators.platform_postgres", lambda conn_id: None)
    contract = SimpleNamespace(source="cafe_files", stream="cafe_visits")
    monkeypatch.setattr("lakehouse.bronze.contract_file.load_contract", lambda stream: contract)
    run = SimpleNamespace(partition_key="2025-10-16")
    load = LoadBronzeStreamOperator(task_id="load", stream="cafe_visits")
    detail = load.execute({"dag_run": run, "run_id": "r"})["detail"]  # type: ignore[typeddict-item]
    assert "CAFE_FILES_URI" in detail["left_out"]
    known.add("cafe_files")
    with pytest.raises(NothingClaimedError):
        load.execute({"dag_run": run, "run_id": "r"})  # type: ignore[typeddict-item]


def test_what_lacks_the_same_is_told_once() -> None:
    reasons = {"a": "A has no value", "b": "B has no value", "c": "A has no value"}
    assert told(reasons) == ["a, c: A has no value", "b: B has no value"]


def test_sources_are_named_as_landing_spells_them() -> None:
    assert set(left_out_sources(["cafe_files", "cafe_api", "of_nobody"])) == {"cafe_files"}
    assert set(left_out(read_all_connection_files())) == {"cafe_files"}


def test_the_doctor_warns_of_it(server: Server) -> None:
    client = AirbyteClient(URL, transport=httpx.MockTransport(server))
    around = ScriptedSurroundings(environ=EMBEDDED, services={"airbyte": client, "postgres": None})
    [found] = [each for each in drift.airbyte_drift_look(around) if "cafe_files" in each.what]
    assert (found.severity, found.what) == (Severity.WARN, "Airbyte's source cafe_files is left out")
    assert "CAFE_FILES_URI in airflow_settings.yaml has no value" in found.evidence
