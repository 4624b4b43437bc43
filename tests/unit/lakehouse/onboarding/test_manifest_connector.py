"""What Airbyte's runtime for manifests says of an API, in words that a person can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.onboarding.profiling import connector, rest
from lakehouse.onboarding.profiling.connector import ManifestConnector
from lakehouse.onboarding.profiling.profile import ProfileError


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("HTTP Status Code: 401. Error: Unauthorized.", "Unauthorized. Is the token right? Its variable is"),
        ("HTTP Status Code: 500. Error: boom.", "Error: boom."),
    ],
)
def test_a_token_that_is_refused_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    program = tmp_path / "connector"
    message = json.dumps({"type": "TRACE", "trace": {"error": {"message": said}}})
    program.write_text(f"#!/bin/sh\necho '{message}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(connector, "CONNECTOR", program)
    with pytest.raises(ProfileError) as failure:
        ManifestConnector(tmp_path / "cafe.yaml", {}).sample([{"name": "events"}])
    text = str(failure.value)
    assert text.startswith("the API of cafe.yaml cannot be read: HTTP Status Code:")
    assert told in text
    assert ("token" in text) == ("401" in said)


@pytest.mark.parametrize(("records", "told"), [([], True), ([{"id": 1}], False)])
def test_a_list_that_is_empty_now_is_told_before_its_contract_refuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: list[dict[str, int]], told: bool
) -> None:
    stream = {
        "name": "coupons",
        "supported_sync_modes": ["full_refresh"],
        "source_defined_primary_key": [["id"]],
        "json_schema": {"properties": {"id": {"type": "integer"}}},
    }

    class Answers:
        def __init__(self, *_: object) -> None: ...

        def discover(self) -> list[dict[str, object]]:
            return [stream]

        def sample(self, _: object) -> dict[str, list[dict[str, int]]]:
            return {"coupons": records}

    monkeypatch.setattr(rest, "ManifestConnector", Answers)
    manifest = tmp_path / "cafe.yaml"
    manifest.write_text("type: DeclarativeSource\n", encoding="utf-8")
    [table] = rest.profile_manifest(manifest, "http://127.0.0.1:1", "").tables
    assert table.mode == "full_refresh"
    assert ("zero_rows: allow" in table.why) is told
