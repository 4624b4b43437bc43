"""Connections and contracts belong together, or provisioning says which file to write, change or delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.airbyte.connection_file import ConnectionFileError
from lakehouse.bronze.declaration import DeclarationError, check_declaration
from lakehouse.bronze.provision_operators import CheckDeclarationOperator

COMMON: dict[str, Any] = {
    "grain": "One row per thing.",
    "new_columns": "ignore",
    "quarantine": {"max_rows": 0, "max_share": 0},
    "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
}
TIME = {"type": "timestamp", "required": True}
NUMBER = {"type": "bigint", "required": True}
TEXT = {"type": "varchar", "required": True}
GOOD: dict[str, dict[str, Any]] = {
    "cafe_orders": {
        "source": "cafe_postgres",
        "mode": "incremental",
        "key": ["order_id"],
        "cursor": "updated_at",
        "columns": {"order_id": NUMBER, "updated_at": TIME},
    },
    "cafe_tables": {
        "source": "cafe_postgres",
        "mode": "full_refresh",
        "key": ["table_id"],
        "columns": {"table_id": NUMBER},
    },
    "cafe_stock": {
        "source": "cafe_postgres_cdc",
        "mode": "cdc",
        "key": ["shelf", "item"],
        "columns": {"item": NUMBER, "shelf": TEXT},
    },
    "cafe_deliveries": {
        "source": "cafe_api",
        "mode": "incremental",
        "key": ["delivery_id"],
        "cursor": "updated_at",
        "columns": {"delivery_id": NUMBER, "updated_at": TIME},
    },
    "cafe_visits": {
        "source": "cafe_files",
        "mode": "incremental",
        "key": ["day", "hour"],
        "cursor": "_ab_source_file_last_modified",
        "columns": {"day": TEXT, "hour": TEXT, "_ab_source_file_last_modified": TIME},
    },
}


def write(folder: Path, name: str, **changed: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    contract = {"stream": name, **COMMON, **GOOD[name], **changed}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(contract), encoding="utf-8")


@pytest.fixture
def contracts(tmp_path: Path, cafe: Path) -> Path:
    """The folder of the contracts of all the café's streams."""
    for name in GOOD:
        write(tmp_path / "contracts", name)
    return tmp_path / "contracts"


def test_connections_and_contracts_that_belong_together_are_counted(contracts: Path) -> None:
    assert check_declaration(contracts, contracts / "stream") == 5


def test_a_stream_without_a_contract_is_told_which_file_to_write(contracts: Path) -> None:
    (contracts / "cafe_orders.yaml").unlink()
    with pytest.raises(
        DeclarationError,
        match=r"cafe_postgres_to_lake\.yaml brings the stream cafe_orders, which has no contract: "
        r"write include/contracts/cafe_orders\.yaml",
    ):
        check_declaration(contracts, contracts / "stream")


def test_a_contract_that_no_connection_fills_is_named(contracts: Path) -> None:
    (contracts / "orders.yaml").write_text("stream: orders\n")
    with pytest.raises(
        DeclarationError, match=r"orders\.yaml: no connection of include/airbyte brings the stream orders"
    ):
        check_declaration(contracts, contracts / "stream")


@pytest.mark.parametrize(
    ("stream", "change", "message"),
    [
        ("cafe_orders", {"source": "postgres"}, "source postgres, but .* lands it under cafe_postgres"),
        ("cafe_orders", {"key": ["updated_at"]}, r"key \['updated_at'\], but .* says \['order_id'\]"),
        (
            "cafe_deliveries",
            {"cursor": "seen_at", "columns": {"delivery_id": NUMBER, "seen_at": TIME}},
            "cursor seen_at, but cafe_api_to_lake.yaml reads by updated_at",
        ),
        ("cafe_tables", {"mode": "cdc"}, "mode cdc, but .* reads it as full_refresh"),
        (
            "cafe_stock",
            {"mode": "full_refresh"},
            "mode full_refresh, but cafe_postgres_cdc_to_lake.yaml reads it as cdc",
        ),
        ("cafe_visits", {"mode": "seldom"}, r"cafe_visits\.yaml: mode: Input should be"),
    ],
)
def test_a_contract_that_says_something_else_than_the_connection_is_named(
    contracts: Path, stream: str, change: dict[str, Any], message: str
) -> None:
    write(contracts, stream, **change)
    with pytest.raises(DeclarationError, match=message):
        check_declaration(contracts, contracts / "stream")


def test_a_contract_has_the_names_under_which_columns_land(contracts: Path, cafe: Path) -> None:
    path = cafe / "cafe_postgres_to_lake.yaml"
    text = (
        path.read_text(encoding="utf-8").replace("order_id", "Order Nr").replace("updated_at", "Changed at")
    )
    path.write_text(text, encoding="utf-8")
    columns = {"Order_Nr": NUMBER, "Changed_at": TIME}
    write(contracts, "cafe_orders", key=["Order_Nr"], cursor="Changed_at", columns=columns)
    assert check_declaration(contracts, contracts / "stream") == 5


def test_every_fault_is_told_at_once(contracts: Path) -> None:
    (contracts / "cafe_orders.yaml").unlink()
    write(contracts, "cafe_stock", source="elsewhere")
    with pytest.raises(DeclarationError, match=r"cafe_orders.*; .*cafe_stock.* source elsewhere"):
        check_declaration(contracts, contracts / "stream")


def test_what_is_streamed_has_its_contract_in_the_folder_of_the_streams(contracts: Path, cafe: Path) -> None:
    path = cafe / "cafe_postgres_cdc_to_lake.yaml"
    path.write_text(path.read_text().replace("small_table", "stream"))
    (contracts / "cafe_stock.yaml").unlink()
    write(contracts / "stream", "cafe_stock")
    assert check_declaration(contracts, contracts / "stream") == 5
    (contracts / "stream" / "cafe_stock.yaml").unlink()
    with pytest.raises(DeclarationError, match="brings the stream cafe_stock, which has no contract"):
        check_declaration(contracts, contracts / "stream")


def test_a_faulty_connection_file_is_told_as_such(contracts: Path, cafe: Path) -> None:
    (cafe / "cafe_api_to_lake.yaml").write_text("name: cafe_api_to_lake\n")
    with pytest.raises(ConnectionFileError, match=r"cafe_api_to_lake\.yaml lacks"):
        check_declaration(contracts, contracts / "stream")


def test_the_task_that_provisions_refuses_what_does_not_belong_together(cafe: Path) -> None:
    """A café is declared under names that no contract of the repository has."""
    file = cafe / "cafe_postgres_to_lake.yaml"
    file.write_text(file.read_text().replace("prefix: cafe_", "prefix: nobodys_cafe_"))
    with pytest.raises(DeclarationError, match="nobodys_cafe_orders, which has no contract"):
        CheckDeclarationOperator(task_id="check_what_is_declared").execute({})
