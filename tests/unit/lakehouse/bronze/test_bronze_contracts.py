"""Contracts: the files of the repository, and what a wrong one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.bronze.contract import ContractError
from lakehouse.bronze.contract_file import (
    load_contract,
    load_contracts,
    parse_contract,
)
from lakehouse.bronze.declaration import check_declaration
from lakehouse.bronze.declared import STREAM_CONTRACTS, night_streams

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


def test_the_declared_contracts_are_read_and_belong_to_the_declared_connections() -> None:
    expected = sum(len(each.streams) for each in read_all_connection_files())
    assert check_declaration() == expected
    assert [each.stream for each in load_contracts()] == list(night_streams())


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
        ({"key": []}, r"key: \[\] is for mode full_refresh"),
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


@pytest.mark.parametrize(("change", "expected"), [({}, False), ({"newest_view": True}, True)])
def test_a_view_of_the_newest_versions_is_for_those_who_ask(change: dict[str, Any], expected: bool) -> None:
    assert parse_contract(GOOD | change, "things.yaml").newest_view is expected


def test_every_cdc_stream_has_a_view_of_the_newest_versions_and_need_not_ask() -> None:
    cdc = {name: value for name, value in GOOD.items() if name != "cursor"} | {"mode": "cdc"}
    assert parse_contract(cdc, "things.yaml").newest_view is True
    with pytest.raises(ContractError, match="leave newest_view out"):
        parse_contract(cdc | {"newest_view": True}, "things.yaml")


@pytest.mark.parametrize(("rows_in", "allowed"), [(0, 10), (500, 10), (5_000, 50)])
def test_bad_rows_are_allowed_up_to_the_larger_of_both_limits(rows_in: int, allowed: int) -> None:
    assert parse_contract(GOOD, "things.yaml").allowed_bad_rows(rows_in) == allowed
