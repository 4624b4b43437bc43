"""The hook of the lake's bucket makes a client without looking through the stack for its caller."""

from __future__ import annotations

import inspect

import pytest

from lakehouse.platform.storage import LakeStorage

CONNECTION = (
    '{"conn_type": "aws", "login": "lake:lake", "password": "secret", "extra": {"bucket": "datalake",'
    ' "endpoint_url": "http://127.0.0.1:9", "region_name": "us-east-1"}}'
)


def test_the_client_names_its_caller_without_reading_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> None:
        raise AssertionError("the paths of all loaded modules are read")

    monkeypatch.setenv("AIRFLOW_CONN_LAKE_S3", CONNECTION)
    monkeypatch.setattr(inspect, "stack", refuse)
    lake = LakeStorage.from_connection("lake_s3")
    assert lake.bucket == "datalake"
    assert "Caller/LakeStorage" in lake.client.meta.config.user_agent
