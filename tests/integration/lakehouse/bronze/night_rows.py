"""Rows and a task's surroundings, for the tests of this folder."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from testing.lakehouse.task_memory import task_memory


def order(order_id: int, day: date, **changes: Any) -> dict[str, Any]:
    noon = datetime(day.year, day.month, day.day, 12)
    return {
        "order_id": order_id,
        "customer_id": 7,
        "product_id": 3,
        "order_date": day,
        "quantity": 2,
        "unit_price": Decimal("5.00"),
        "amount": Decimal("10.00"),
        "status": "completed",
        "created_at": noon,
        "updated_at": noon,
        "deleted_at": None,
    } | changes


def customer(customer_id: int, name: str, changed: datetime) -> dict[str, Any]:
    return {"customer_id": customer_id, "name": name, "created_at": changed, "updated_at": changed}


def product(product_id: int, changed: datetime) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "name": f"product {product_id}",
        "unit_price": Decimal("5.00"),
        "active": True,
        "created_at": changed,
        "updated_at": changed,
    }


def captured_stock(product_id: int, changed: datetime) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "warehouse": "Dallas",
        "units_on_hand": 5,
        "reorder_point": 1,
        "_ab_cdc_lsn": 1,
        "_ab_cdc_updated_at": changed,
        "_ab_cdc_deleted_at": None,
    }


def context(day: date, store: dict[str, Any] | None = None, cleared: int = 0) -> Any:
    """A task's surroundings; `store` is what Airflow keeps of it between attempts."""
    return {
        "dag_run": SimpleNamespace(partition_key=day.isoformat()),
        "run_id": "test",
        **task_memory({} if store is None else store, cleared),
    }
