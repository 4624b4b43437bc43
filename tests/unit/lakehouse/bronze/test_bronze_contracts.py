"""Contracts: the files of the repository, and what a wrong one is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from lakehouse.bronze.contract import Column, Contract, ContractError, Mode
from lakehouse.bronze.contract_file import (
    load_contract,
    load_contracts,
    parse_contract,
)
from lakehouse.bronze.declared import CONTRACTS, STREAM_CONTRACTS
from lakehouse.platform.repository import INCLUDE

GOOD: dict[str, Any] = {
    "stream": "things",
    "source": "postgres",
    "grain": "One row per thing.",
    "mode": "incremental",
    "key": ["id"],
    "cursor": "updated_at",
    "new_columns": "ignore",
    "quarantine": {"max_rows": 10, "max_share": 0.01},
    "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
    "columns": {
        "id": {"type": "bigint", "required": True},
        "updated_at": {"type": "timestamp", "required": True},
    },
}


def test_every_stream_that_is_landed_has_a_contract_with_its_mode_key_and_cursor() -> None:
    seen = set()
    for path in sorted((INCLUDE / "airbyte").glob("*.yaml")):
        connection = yaml.safe_load(path.read_text())
        folder = STREAM_CONTRACTS if connection["cadence"] == "stream" else CONTRACTS
        for stream in connection["streams"]:
            contract = load_contract(stream["name"], folder)
            assert f"source={contract.source}" == connection["namespace"]
            method = (connection["source"]["configuration"].get("replication_method") or {}).get("method")
            captured = method == "CDC" and stream["sync_mode"] == "incremental"
            assert contract.mode == ("cdc" if captured else stream["sync_mode"])
            assert list(contract.key) == stream["primary_key"]
            if stream["sync_mode"] == "incremental":
                own = {"postgres": "_ab_cdc_lsn", "file": "_ab_source_file_last_modified"}
                named = stream.get("cursor_field") or own[connection["source"]["type"]]
                assert contract.cursor == named
            seen.add((folder, contract.stream))
    for folder in (CONTRACTS, STREAM_CONTRACTS):
        held = {(folder, contract.stream) for contract in load_contracts(folder)}
        assert {each for each in seen if each[0] == folder} == held
        assert len(held) == len(list(folder.glob("*.yaml"))) >= 3


@pytest.mark.parametrize("stream", ["orders", "customers"])
def test_what_is_streamed_has_the_night_s_columns_and_rules(stream: str) -> None:
    """A column that only one of two contracts of a table knows would be missing on one side of the seam."""
    streamed, nightly = load_contract(stream, STREAM_CONTRACTS), load_contract(stream)

    def rules(contract: Contract) -> list[Column]:
        own = [column for column in contract.columns if not column.name.startswith("_ab_cdc_")]
        return [replace(column, in_deletions=True) for column in own]

    assert rules(streamed) == rules(nightly)
    assert (streamed.key, streamed.new_columns) == (nightly.key, nightly.new_columns)
    assert (streamed.mode, streamed.source) == (Mode.CDC, "postgres_stream")


def test_a_tracer_that_is_not_as_it_should_be_never_stops_the_stream() -> None:
    contract = load_contract("stream_tracer", STREAM_CONTRACTS)
    assert contract.allowed_bad_rows(1) >= 1
    assert contract.allowed_bad_rows(10**6) == 10**6


def test_a_contract_of_the_stream_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"write include/contracts/stream/nothing\.yaml"):
        load_contract("nothing", STREAM_CONTRACTS)
    (tmp_path / "wrong.yaml").write_text("stream: [")
    with pytest.raises(ContractError, match=r"wrong\.yaml is not YAML"):
        load_contract("wrong", tmp_path)


def test_a_stream_without_a_contract_is_told_which_file_to_write() -> None:
    with pytest.raises(ContractError, match=r"include/contracts/nothing\.yaml"):
        load_contract("nothing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": []}, "key: Tuple should have at least 1 item"),
        ({"key": ["nope"]}, "nope is not among the columns"),
        ({"cursor": None}, "needs a cursor"),
        ({"mode": "cdc"}, "the cursor of a cdc stream is _ab_cdc_lsn: leave it out"),
        ({"mode": "sometimes"}, "mode: Input should be 'incremental', 'full_refresh' or 'cdc'"),
        ({"new_columns": "maybe"}, "new_columns: Input should be 'allow', 'ignore' or 'refuse'"),
        ({"columns": GOOD["columns"] | {"x": {"type": "money"}}}, "columns.x: unknown type money"),
        ({"columns": GOOD["columns"] | {"x": {}}}, "columns.x.type: Field required"),
        ({"columns": GOOD["columns"] | {"x": {"type": "int", "requird": True}}}, "columns.x.requird: Extra"),
        (
            {"columns": GOOD["columns"] | {"x": {"type": "int", "min": "a"}}},
            "columns.x: min: 'a' is not of type int",
        ),
        ({"columns": GOOD["columns"] | {"x": {"type": "int", "one_of": ["a"]}}}, "one_of is for varchar"),
        ({"columns": GOOD["columns"] | {"_ab_cdc_lsn": {"type": "int"}}}, "added by themselves"),
        ({"columns": GOOD["columns"] | {"id": {"type": "bigint"}}}, "id decides .* must be required"),
        ({"stream": "others"}, "must be called others.yaml"),
        ({"quarantine": None}, "quarantine: Input should be"),
        ({"quarantine": {"max_rows": 1, "max_share": 7}}, "quarantine.max_share: Input should be less"),
        ({"expected_volume": {"min_rows": -1, "zero_rows": "allow"}}, "expected_volume.min_rows: Input"),
        ({"typo": 1}, "typo: Extra inputs"),
    ],
)
def test_a_wrong_contract_names_the_file_and_the_fault(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words) as raised:
        parse_contract(GOOD | change, "things.yaml")
    assert "things.yaml" in str(raised.value)


def test_times_are_naive_microseconds_and_money_is_decimal(tmp_path: Path) -> None:
    schema = load_contract("orders").schema
    assert schema.field("created_at").type == pa.timestamp("us")
    assert schema.field("unit_price").type == pa.decimal128(12, 2)
    assert schema.names[-2:] == ["_airbyte_extracted_at", "_airbyte_sync_id"]


@pytest.mark.parametrize(("rows_in", "allowed"), [(0, 10), (500, 10), (5_000, 50)])
def test_bad_rows_are_allowed_up_to_the_larger_of_both_limits(rows_in: int, allowed: int) -> None:
    assert parse_contract(GOOD, "things.yaml").allowed_bad_rows(rows_in) == allowed
