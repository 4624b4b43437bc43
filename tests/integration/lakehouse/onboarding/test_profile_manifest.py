"""What is found out about a REST API from its manifest and its first records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.onboarding.profiling.rest import profile_manifest
from testing.foreign_api import LoyaltyService
from testing.foreign_business import MANIFEST, TOKEN


@pytest.fixture(scope="module")
def loyalty() -> Iterator[LoyaltyService]:
    with LoyaltyService(TOKEN) as service:
        for number in range(1, 31):
            service.put(
                number, f"2025-10-16T10:{number:02}:00Z", customer_id=f"guest {number}", points=number,
                details={"cups": number},
            )  # fmt: skip
        yield service


def test_key_cursor_and_types_are_the_manifests(loyalty: LoyaltyService) -> None:
    [table] = profile_manifest(MANIFEST, loyalty.url, TOKEN).tables
    assert (table.name, table.mode, table.key, table.cursor) == (
        "loyalty_events", "incremental", ("event_id",), "updated_at",
    )  # fmt: skip
    found = {column.name: (column.contract_type, column.nullable) for column in table.columns}
    assert found == {
        "event_id": ("bigint", False), "customer_id": ("varchar", False), "points": ("bigint", True),
        "reason": ("varchar", True), "details": ("varchar", True), "updated_at": ("timestamp", False),
    }  # fmt: skip
    assert table.problems == ()


def test_without_a_schema_the_first_records_tell_the_columns(loyalty: LoyaltyService, tmp_path: Path) -> None:
    document = yaml.safe_load(MANIFEST.read_text())
    [stream] = document["streams"]
    stream["schema_loader"]["schema"]["properties"] = {}
    del stream["incremental_sync"]
    path = tmp_path / "bare.yaml"
    path.write_text(yaml.safe_dump(document))
    [table] = profile_manifest(path, loyalty.url, TOKEN).tables
    assert {column.name: column.contract_type for column in table.columns} == {
        "event_id": "bigint", "points": "bigint", "details": "varchar", "updated_at": "timestamp",
        "customer_id": "varchar",
    }  # fmt: skip
    assert table.mode == "full_refresh"
    assert table.why == "the manifest declares no incremental_sync, so everything is read every night"


def test_a_token_that_is_refused_is_told(loyalty: LoyaltyService) -> None:
    with pytest.raises(ProfileError, match=r"the API of cafe_api.yaml cannot be read: .*401") as failure:
        profile_manifest(MANIFEST, loyalty.url, "another token")
    assert "another token" not in str(failure.value)


def test_what_the_manifest_requires_and_nobody_gives_is_named() -> None:
    with pytest.raises(ProfileError, match=r"cafe_api\.yaml requires api_token, which is not given"):
        profile_manifest(MANIFEST, "http://127.0.0.1:1", "")


@pytest.mark.parametrize("text", ["a: [", "streams: []", "- 1"])
def test_a_file_that_is_not_a_manifest_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError, match=r"cannot be read|is not a low-code manifest"):
        profile_manifest(path, "http://127.0.0.1:1", "token")
