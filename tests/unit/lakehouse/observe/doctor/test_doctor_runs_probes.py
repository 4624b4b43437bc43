"""Probes run side by side and end in time; nothing secret is printed, whatever a probe has seen."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from lakehouse.observe.doctor import __main__ as command
from lakehouse.observe.doctor import run
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, Severity, error, note, warn
from lakehouse.observe.doctor.probes import UnknownProbeError, all_probes, chosen
from lakehouse.observe.doctor.report import as_json, as_text
from lakehouse.observe.doctor.run import Probe, examine, exit_code
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.facts.redaction import Redactor
from lakehouse.platform import names
from testing.ports import free_ports

AROUND = Surroundings(environ={})


def nothing(around: Surroundings) -> Iterator[Finding]:
    yield from ()


def ill(around: Surroundings) -> Iterator[Finding]:
    yield error("it is ill", "a fever", "make up")


def broken(around: Surroundings) -> Iterator[Finding]:
    yield warn("found before it broke", "x", "y")
    raise RuntimeError("the probe\nitself is broken")


def absent(around: Surroundings) -> Iterator[Finding]:
    raise NotConfiguredError("no such thing here")
    yield


def of(*looks: Any, **fields: Any) -> list[Probe]:
    return [Probe(look.__name__, "group", look, **fields) for look in looks]


def test_the_fault_of_one_probe_is_nobody_elses() -> None:
    outcomes = examine(of(broken, ill, absent, nothing), AROUND)
    assert [[finding.what for finding in each.findings] for each in outcomes] == [
        ["found before it broke"],
        ["it is ill"],
        [],
        [],
    ]
    assert outcomes[0].not_seen == "RuntimeError: the probe itself is broken"
    assert outcomes[2].nothing_to_see == "no such thing here"


@pytest.mark.parametrize(
    ("looks", "code"),
    [((nothing, absent), 0), ((ill, nothing), 1), ((ill, broken), 2), ((broken,), 2), ((), 0)],
)
def test_the_exit_code_says_whether_something_was_found_and_whether_all_was_seen(
    looks: Any, code: int
) -> None:
    assert exit_code(examine(of(*looks), AROUND)) == code


def test_a_note_alone_is_not_a_finding_that_somebody_must_act_on() -> None:
    def noted(around: Surroundings) -> Iterator[Finding]:
        yield note("known", "x", "y")

    assert exit_code(examine(of(noted), AROUND)) == 0


def test_a_probe_that_hangs_ends_in_time_with_what_it_had_found() -> None:
    over = threading.Event()

    def hanging(around: Surroundings) -> Iterator[Finding]:
        yield warn("seen in time", "x", "y")
        over.wait(120)

    began = time.monotonic()
    hung, quick = examine(of(hanging, ill), AROUND, seconds=0.5)
    over.set()
    assert time.monotonic() - began < 50
    assert (hung.not_seen, [each.what for each in hung.findings]) == (
        "no answer within 0 s",
        ["seen in time"],
    )
    assert quick.findings


def test_probes_of_a_service_that_is_down_are_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    [port] = free_ports(1)
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": port}
    monkeypatch.setenv(f"AIRFLOW_CONN_{names.DREMIO_CONNECTION.upper()}", json.dumps(connection))
    [outcome] = examine(of(ill, needs=(names.DREMIO_CONNECTION,)), AROUND)
    assert outcome.findings == []
    assert outcome.not_seen == "dremio_default does not answer: Connection refused"
    with socket.create_server(("127.0.0.1", port)):
        [outcome] = examine(of(ill, needs=(names.DREMIO_CONNECTION,)), AROUND)
    assert outcome.not_seen is None
    assert outcome.findings


@pytest.mark.needs_shop
def test_everything_down_is_said_within_twenty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole table of probes, against ports that nobody listens on."""
    ports = free_ports(2)
    for conn_id in (probe.name.partition(".")[2] for probe in all_probes() if probe.group == "connections"):
        connection = {
            "conn_type": "http",
            "host": "127.0.0.1",
            "port": ports[0],
            "login": "a",
            "password": "b",
        }
        if "postgres" in conn_id:
            connection |= {"conn_type": "postgres", "schema": "nothing"}
        if conn_id == names.LAKE_CONNECTION:
            extra = {"endpoint_url": f"http://127.0.0.1:{ports[1]}", "bucket": "none"}
            connection = {"conn_type": "aws", "login": "a", "password": "b", "extra": extra}
        if conn_id == "shop_files":
            connection = {"conn_type": "fs", "extra": {"path": "/nowhere"}}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(connection))
    began = time.monotonic()
    outcomes = examine(
        [probe for probe in all_probes() if probe.group not in ("disk", "environments")], AROUND
    )
    assert time.monotonic() - began < 50
    assert exit_code(outcomes) == 2
    silent = {each.probe.name for each in outcomes if each.findings and each.probe.group == "connections"}
    for conn_id in (names.LAKE_CONNECTION, names.PLATFORM_CONNECTION, names.DREMIO_CONNECTION, "shop_files"):
        assert f"connections.{conn_id}" in silent
    assert all(
        each.not_seen for each in outcomes if each.probe.group in ("drift", "files", "schedule", "stuck")
    )


@pytest.mark.needs_shop
def test_words_choose_probes_and_groups_and_an_unknown_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {probe.group for probe in chosen(["clock", "disk"])} == {"clock", "disk"}
    assert [probe.name for probe in chosen(["slots.shop_postgres"])] == ["slots.shop_postgres"]
    with pytest.raises(UnknownProbeError, match="there are: connections"):
        chosen(["weather"])
    assert command.main(["--only", "weather"]) == 2
    assert "no probe is called 'weather'" in capsys.readouterr().err
    names_of_all = [probe.name for probe in all_probes()]
    assert len(names_of_all) == len(set(names_of_all))


SECRETS = {
    "password": "p@ss/w&rd-1",
    "extra": "extra'secret\"2",
    "token": "tok-en-of-the-shop-3",
    "variable": "fernet=key=4",
}


def test_no_secret_is_printed_in_any_form(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{names.SUPERSET_CONNECTION.upper()}",
        json.dumps(
            {
                "conn_type": "http",
                "host": "superset",
                "password": SECRETS["password"],
                "extra": {"api_secret": SECRETS["extra"]},
            }
        ),
    )
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_API", f"http://user:{SECRETS['token']}@shop")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", SECRETS["variable"])

    def careless(around: Surroundings) -> Iterator[Finding]:
        for secret in SECRETS.values():
            forms = (
                secret,
                quote(secret, safe=""),
                base64.b64encode(secret.encode()).decode(),
                json.dumps(secret),
            )
            yield error(f"refused {forms}", f"GET http://u:{secret}@host", f"login {secret}")
        raise RuntimeError(f"postgresql://platform:{SECRETS['password']}@db Bearer {SECRETS['token']}")

    monkeypatch.setattr(command, "chosen", lambda words: of(careless))
    for arguments in ([], ["--json"]):
        assert command.main(arguments) == 2
        printed = capsys.readouterr().out
        assert "***" in printed
        for secret in SECRETS.values():
            assert secret not in printed
            assert quote(secret, safe="") not in printed
            assert json.dumps(secret)[1:-1] not in printed
            assert base64.b64encode(secret.encode()).decode()[:-4] not in printed


def test_the_json_document_and_the_lines_hold_every_finding_with_its_command() -> None:
    outcomes = examine(of(ill, broken, absent), AROUND)
    document = json.loads(as_json(outcomes, Redactor()))
    assert document["exit_code"] == 2
    ours = document["probes"][0]
    assert ours["findings"] == [
        {"severity": "error", "what": "it is ill", "evidence": "a fever", "command": "make up"}
    ]
    assert document["probes"][1]["could_not_look"].startswith("RuntimeError")
    assert document["probes"][2]["nothing_to_see"] == "no such thing here"
    lines = as_text(outcomes, Redactor()).splitlines()
    assert lines[0] == "ERROR ill: it is ill"
    assert lines[2] == "      type: make up"
    assert lines[-2] == "NOT SEEN  broken: RuntimeError: the probe itself is broken"
    assert lines[-1] == "1 error, 1 warn; 2 of 3 probes could look"


def test_findings_are_sorted_by_how_soon_somebody_must_act() -> None:
    assert list(Severity) == [Severity.ERROR, Severity.WARN, Severity.NOTE]
    assert run.PROBE_SECONDS + run.KNOCK_SECONDS < 18
