"""The shop's contracts: the night's and the stream's agree, and its types are those of its tables."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from lakehouse.bronze.contract import Column, Contract, Mode
from lakehouse.bronze.contract_file import load_contract, load_contracts
from lakehouse.bronze.declared import STREAM_CONTRACTS


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


def test_times_are_naive_microseconds_and_money_is_decimal() -> None:
    schema = load_contract("orders").schema
    assert schema.field("created_at").type == pa.timestamp("us")
    assert schema.field("unit_price").type == pa.decimal128(12, 2)
    assert schema.names[-2:] == ["_airbyte_extracted_at", "_airbyte_sync_id"]


def test_only_customers_ask_for_a_view_of_their_newest_versions_and_stock_has_one_anyway() -> None:
    seen = {each.stream for each in load_contracts() if each.newest_view}
    assert seen >= {"customers", "stock_levels"}
    assert not seen & {"orders", "products", "shipments", "marketing_spend"}
