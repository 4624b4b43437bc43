"""A sync that was refused says which Airflow connection to correct, and how Airbyte learns of it."""

from __future__ import annotations

import pytest

from lakehouse.airbyte.errors import AirbyteJobFailedError, AirbyteJobMisconfiguredError
from lakehouse.airbyte.job import JobFailure
from lakehouse.airbyte.refused_access import REFUSED_CONNECTION, access_advice
from tests.unit.lakehouse.airbyte.airbyte_doubles import Extract, FakeAirbyte, FakeLedger

pytestmark = pytest.mark.usefixtures("cafe")
FILE = "cafe_postgres_to_lake"


@pytest.mark.parametrize(
    "reason",
    [
        'PostgreSQL db:5432/shop: FATAL: password authentication failed for user "shop"',
        "PostgreSQL db:5432/shop: permission denied for table orders",
        'FATAL: no pg_hba.conf entry for host "10.0.0.1"',
        'FATAL: role "shop" does not exist',
        "fe_sendauth: no password supplied",
        "An error occurred (403) when calling the HeadBucket operation: Forbidden",
        "An error occurred (InvalidAccessKeyId) when calling the PutObject operation",
        "An error occurred (SignatureDoesNotMatch) when calling the ListObjectsV2 operation",
        "HTTP Status Code: 401. Error: Unauthorized. Please ensure you are authenticated correctly.",
        "Request to /v1/shipments failed with status code '403'",
        "Authentication failed for sftp user drops",
        "Invalid API token",
    ],
)
def test_a_refusal_names_the_connection_and_the_command(reason: str) -> None:
    advice = access_advice(FILE, reason)
    assert advice is not None
    assert "The source refused" in advice
    assert "Airflow connection cafe_postgres:" in advice
    assert REFUSED_CONNECTION.findall(advice) == ["cafe_postgres"]
    assert "`bin/airbyte apply --rewrite-secrets`" in advice


@pytest.mark.parametrize(
    "reason",
    ["the source was down", "table orders has no column id", "401 rows were read", "connection refused"],
)
def test_other_failures_are_not_blamed_on_a_secret(reason: str) -> None:
    assert access_advice(FILE, reason) is None


def test_the_landing_s_refusal_names_its_own_connection() -> None:
    advice = access_advice(FILE, "(InvalidAccessKeyId)", "destination")
    assert advice is not None
    assert "The landing refused the user or secret of the Airflow connection lake_s3:" in advice


def test_a_connection_without_a_file_gets_no_advice() -> None:
    assert access_advice("tried_by_hand", "password authentication failed") is None


@pytest.mark.parametrize(
    ("is_configuration", "kind"), [(True, AirbyteJobMisconfiguredError), (False, AirbyteJobFailedError)]
)
def test_the_task_s_error_has_the_advice(is_configuration: bool, kind: type[Exception]) -> None:
    airbyte = FakeAirbyte()
    airbyte.script(1, "running", "failed")
    airbyte.failure = JobFailure("password authentication failed", is_configuration, (), "source")
    with pytest.raises(kind, match=r"Airflow connection cafe_postgres: .*--rewrite-secrets"):
        Extract(airbyte, FakeLedger()).run()


def test_airbyte_s_word_for_the_side_is_kept() -> None:
    failures = [{"failureOrigin": "destination", "externalMessage": "AccessDenied"}]
    answer = {"attempts": [{"attempt": {"failureSummary": {"failures": failures}}}]}
    assert JobFailure.of(answer).origin == "destination"
    assert JobFailure.of({}).origin == ""
