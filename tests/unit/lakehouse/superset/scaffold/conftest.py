"""A folder of dashboards as code with nothing but the database, and the dbt model of one gold table."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.superset.scaffold import __main__ as command
from lakehouse.superset.scaffold.asset_files import ASSETS

ORDERS = """
models:
  - name: orders
    description: >
      One row per order
      that is not deleted.
    columns:
      - {name: order_id, data_type: bigint, description: The key., data_tests: [unique, not_null]}
      - {name: customer_id, data_type: bigint, description: Customer who ordered.}
      - {name: product_id, data_type: bigint, description: Product ordered.}
      - {name: order_date, data_type: date, description: Day of the order.}
      - {name: quantity, data_type: integer, description: Number of units.}
      - {name: amount, data_type: "decimal(12, 2)", description: Value of the order.}
      - {name: status, data_type: varchar, description: pending or completed.}
      - {name: product_name, data_type: varchar, description: Name of the product.}
      - {name: category, data_type: varchar, description: Category of the product.}
      - {name: shipment_status, data_type: varchar, description: Status of the shipment.}
      - {name: created_at, data_type: timestamp, description: When it was placed.}
      - {name: updated_at, data_type: timestamp, description: When it last changed.}
"""


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    folder = tmp_path / "superset"
    shutil.copytree(ASSETS / "databases", folder / "databases")
    shutil.copy(ASSETS / "metadata.yaml", folder)
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The dbt models of gold; a test adds columns to `orders`."""
    folder = tmp_path / "gold"
    (folder / "inn").mkdir(parents=True)
    (folder / "inn" / "orders.yml").write_text(ORDERS, encoding="utf-8")
    return folder


@pytest.fixture
def dashboard(assets: Path, models: Path) -> Callable[..., int]:
    """`bin/dashboard` on that folder, with words separated by blanks; its exit code."""

    def run(words: str) -> int:
        return command.main(words.split(), assets, models)

    return run
