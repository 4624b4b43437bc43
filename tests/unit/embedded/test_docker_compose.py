"""docker/docker-compose.yaml against the Compose specification, and against the files it speaks of."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

REPOSITORY = Path(__file__).resolve().parents[3]
DOCKER = REPOSITORY / "docker"
COMPOSE = DOCKER / "docker-compose.yaml"
PLACEHOLDER = re.compile(r"(?<!\$)\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<rest>[^}]*)\}")
ONE_SHOT = {"airflow-init", "dremio-init", "superset-init"}


def load() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


def services() -> dict[str, Any]:
    found = load()["services"]
    assert found
    return found


def example_variables() -> dict[str, str]:
    lines = (DOCKER / ".env.example").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert pairs
    return dict(pairs)


def schema_errors(document: dict[str, Any]) -> list[str]:
    """What the schema of compose-spec (shipped inside check-jsonschema) has against the document."""
    schema_file = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(schema_file.read_text())
    # The draft the schema names: an older one ignores unevaluatedProperties and lets any key pass.
    errors = validator_for(schema)(schema).iter_errors(document)
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]


def test_compose_file_follows_the_compose_specification() -> None:
    assert schema_errors(load()) == []


def test_the_schema_would_notice_a_misspelled_key() -> None:
    document = load()
    document["services"]["postgres"]["healthchek"] = {}
    assert schema_errors(document)


def test_every_product_of_the_platform_is_there() -> None:
    products = {"postgres", "minio", "elasticsearch", "dremio", "superset"}
    products |= {"prometheus", "alertmanager", "grafana"}
    airflow = {f"airflow-{part}" for part in ("api-server", "scheduler", "dag-processor", "triggerer")}
    assert set(services()) == products | airflow | {"log-shipper", "observer"} | ONE_SHOT


def test_every_lasting_service_has_a_health_check_and_restarts() -> None:
    for name, service in services().items():
        if name not in ONE_SHOT:
            assert service["healthcheck"]["test"], name
            assert service["restart"] == "unless-stopped", name


def test_every_dependency_waits_for_a_condition_that_can_come_true() -> None:
    everything = services()
    waits = [
        (name, other, wanted["condition"])
        for name, service in everything.items()
        for other, wanted in service.get("depends_on", {}).items()
    ]
    assert waits
    for name, other, condition in waits:
        assert other in everything, f"{name} waits for {other}, which is not there"
        expected = "service_completed_successfully" if other in ONE_SHOT else "service_healthy"
        assert condition == expected, f"{name} waits for {other}"


def test_every_variable_is_in_the_example_and_every_example_is_used() -> None:
    used = {match["name"] for match in PLACEHOLDER.finditer(COMPOSE.read_text())}
    assert used == set(example_variables())


def test_an_unset_variable_stops_compose_instead_of_becoming_an_empty_password() -> None:
    assert {match["rest"] for match in PLACEHOLDER.finditer(COMPOSE.read_text())} == {":?"}


def test_the_example_holds_no_secret() -> None:
    for name, value in example_variables().items():
        if re.search("PASSWORD|SECRET|TOKEN|KEY", name) and name != "LAKE_S3_ACCESS_KEY":
            assert value == "", name


def test_airflow_init_is_given_exactly_what_airflow_settings_asks_for() -> None:
    text = (REPOSITORY / "airflow_settings.yaml").read_text()
    lines = [line.split("#")[0] for line in text.splitlines()]
    asked = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", "\n".join(lines)))
    given = services()["airflow-init"]["environment"]
    assert asked
    assert {name for name in given if not name.startswith("AIRFLOW__")} == asked


def test_the_observer_is_given_what_it_reads_connections_from() -> None:
    """Without Airflow it finds every connection by the variables of airflow_settings.yaml."""
    imported = {n for n in services()["airflow-init"]["environment"] if not n.startswith("AIRFLOW__")}
    given = set(services()["observer"]["environment"])
    assert imported <= given
    assert not [name for name in given if name.startswith("AIRFLOW__")], "nor any of Airflow's own secrets"


def test_the_log_shipper_knows_where_logs_are_and_every_secret_that_may_be_in_them() -> None:
    shipper = services()["log-shipper"]
    given = shipper["environment"]
    sources = (REPOSITORY / "include" / "observe" / "logs" / "sources.yaml").read_text()
    assert {"LAKEHOUSE_LOGS_AIRFLOW", "LAKEHOUSE_SHIPPER_DIR"} <= set(
        re.findall(r"\$\{(\w+)\}", sources)
    ) & set(given)
    mounted = [mount.split(":")[1] for mount in shipper["volumes"]]
    assert [given["LAKEHOUSE_LOGS_AIRFLOW"], given["LAKEHOUSE_SHIPPER_DIR"]] == mounted
    secret = {name for name in example_variables() if re.search("PASSWORD|SECRET|TOKEN|FERNET", name)}
    passed_on = {match["name"] for value in given.values() for match in PLACEHOLDER.finditer(value)}
    assert secret <= passed_on


def test_what_prometheus_and_alertmanager_are_told_is_where_the_services_are() -> None:
    for name, text in (("prometheus", "prometheus.yml"), ("alertmanager", "alertmanager.yml")):
        configuration = (REPOSITORY / "include" / "observe" / text).read_text()
        hosts = set(re.findall(r"\b([a-z]+):9\d\d\d\b", configuration))
        assert hosts
        assert hosts <= set(services()), name
    assert services()["observer"]["environment"]["OBSERVER_ADDRESS"].endswith(":9187")


def test_only_the_importing_container_sees_the_connections_secrets() -> None:
    for name, service in services().items():
        if name.startswith("airflow-") and name != "airflow-init":
            assert not {"LAKE_S3_SECRET_KEY", "DREMIO_PASSWORD"} & set(service["environment"]), name


def test_ports_are_published_on_the_loopback_address_only() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def mounts() -> list[str]:
    return [each for service in services().values() for each in service.get("volumes", [])]


def test_every_mounted_file_exists_and_every_volume_is_declared() -> None:
    declared = set(load()["volumes"])
    used = set()
    for mount in mounts():
        source = mount.split(":")[0]
        if source.startswith("."):
            assert (DOCKER / source).exists(), source
        else:
            used.add(source)
    assert used == declared


@pytest.mark.parametrize("script", ["postgres/create-databases.sh", "dremio/create-first-user.sh"])
def test_first_start_scripts_stop_at_the_first_error(script: str) -> None:
    text = (DOCKER / script).read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
