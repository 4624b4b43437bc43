"""A password that is repaired is seen, told and sent: on a real Airbyte API and a real ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from airflow.sdk import BaseHook

from lakehouse.airbyte.__main__ import main
from lakehouse.airbyte.errors import AirbyteDriftError, AirbyteJobMisconfiguredError
from lakehouse.airbyte.provision_operators import CompareAirbyteOperator, ProvisionAirbyteOperator
from testing.ingestion_stack import AirbyteServer
from testing.lakehouse.extract_task import Night

DAY = "2025-08-01"
VARIABLE = "AIRFLOW_CONN_SHOP_POSTGRES"


def provision() -> None:
    ProvisionAirbyteOperator(task_id="provision").execute({})


def compare() -> None:
    CompareAirbyteOperator(task_id="compare").execute({})


@pytest.fixture
def password(airbyte: AirbyteServer) -> Iterator[pytest.MonkeyPatch]:
    """Set another password; at the end Airbyte has the right one again."""
    provision()
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    provision()


def set_password(patch: pytest.MonkeyPatch, value: str) -> None:
    connection = BaseHook.get_connection("shop_postgres")
    connection.password = value
    patch.setenv(VARIABLE, connection.get_uri())


def test_a_wrong_password_is_named_and_the_right_one_is_sent_without_being_asked_for(
    password: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It failed the same way again: the error named nothing of ours, and `diff` said unchanged."""
    right = str(BaseHook.get_connection("shop_postgres").password)
    compare()
    set_password(password, "wrong")
    provision()
    advice = r"password authentication failed.*Airflow connection shop_postgres: .*--rewrite-secrets"
    with pytest.raises(AirbyteJobMisconfiguredError, match=advice):
        Night(DAY).extract()
    set_password(password, right)
    with pytest.raises(
        AirbyteDriftError, match=r"shop_postgres differs \(configuration.password \(secret\)\)"
    ):
        compare()
    assert main(["diff"]) == 1
    printed = capsys.readouterr().out
    assert "differs    source      shop_postgres: configuration.password (secret)" in printed
    assert right not in printed
    assert main(["apply"]) == 0
    assert main(["diff"]) == 0
    compare()
    assert Night(DAY).extract()["rows_out"] > 0


def test_a_server_that_is_away_ends_the_comparison_with_2(
    airbyte: AirbyteServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PLATFORM_POSTGRES", "postgresql://nobody:x@127.0.0.1:1/none")
    assert main(["diff"]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: the platform's PostgreSQL is away")
