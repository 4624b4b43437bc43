"""Three nights of bronze, row by row: every stream's schema, and what is odd about some of the rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

NIGHTS = (date(2025, 10, 14), date(2025, 10, 15), date(2025, 10, 16))

TIMESTAMP = pa.timestamp("us")
MONEY = pa.decimal128(12, 2)
AIRBYTE = [("_airbyte_extracted_at", pa.timestamp("us", tz="UTC"))]
SCHEMAS = {
    "customers": pa.schema(
        [
            ("customer_id", pa.int64()),
            *(
                (name, pa.string())
                for name in ("name", "email", "phone", "address", "city", "state", "zip_code")
            ),
            *((name, TIMESTAMP) for name in ("created_at", "updated_at", "deleted_at")),
            *AIRBYTE,
        ]
    ),
    "orders": pa.schema(
        [
            *((name, pa.int64()) for name in ("order_id", "customer_id", "product_id")),
            ("order_date", pa.date32()),
            ("quantity", pa.int32()),
            ("unit_price", MONEY),
            ("amount", MONEY),
            ("status", pa.string()),
            *((name, TIMESTAMP) for name in ("created_at", "updated_at", "deleted_at")),
            *AIRBYTE,
        ]
    ),
    "products": pa.schema(
        [
            ("product_id", pa.int64()),
            ("name", pa.string()),
            ("category", pa.string()),
            ("unit_price", MONEY),
            ("active", pa.bool_()),
            ("created_at", TIMESTAMP),
            ("updated_at", TIMESTAMP),
            *AIRBYTE,
        ]
    ),
    "shipments": pa.schema(
        [
            ("shipment_id", pa.int64()),
            ("order_id", pa.int64()),
            ("carrier", pa.string()),
            ("status", pa.string()),
            *((name, TIMESTAMP) for name in ("shipped_at", "delivered_at", "updated_at")),
            *AIRBYTE,
        ]
    ),
    "marketing_spend": pa.schema(
        [
            ("spend_date", pa.date32()),
            ("channel", pa.string()),
            ("amount", MONEY),
            ("_ab_source_file_url", pa.string()),
            ("_ab_source_file_last_modified", TIMESTAMP),
            *AIRBYTE,
        ]
    ),
    "stock_levels": pa.schema(
        [
            ("product_id", pa.int64()),
            ("warehouse", pa.string()),
            ("units_on_hand", pa.int32()),
            ("reorder_point", pa.int32()),
            ("_ab_cdc_lsn", pa.int64()),
            *((name, TIMESTAMP) for name in ("_ab_cdc_updated_at", "_ab_cdc_deleted_at")),
            *AIRBYTE,
        ]
    ),
}
SOURCE_OF = {
    "customers": "postgres",
    "orders": "postgres",
    "products": "postgres",
    "shipments": "api",
    "marketing_spend": "files",
    "stock_levels": "postgres_cdc",
}

Row = dict[str, Any]


def at(night: date, hour: int = 12) -> datetime:
    return datetime(night.year, night.month, night.day, hour)


def customer(key: int, changed: datetime, **other: Any) -> Row:
    return {
        "customer_id": key,
        "name": f"  customer {key} ",
        "email": f"Customer{key}@Example.com",
        "phone": "1",
        "address": "Street 1",
        "city": "Town",
        "state": "TX",
        "zip_code": "00001",
        "created_at": at(NIGHTS[0], 1),
        "updated_at": changed,
        "deleted_at": None,
        **other,
    }


def order(key: int, customer_id: int, changed: datetime, **other: Any) -> Row:
    return {
        "order_id": key,
        "customer_id": customer_id,
        "product_id": key % 3 + 1,
        "order_date": date(2025, 9, 20) + timedelta(days=key % 25),
        "quantity": 1,
        "unit_price": Decimal("10.00"),
        "amount": Decimal(1000 + key * 7) / 100,
        "status": "completed" if key % 4 else "pending",
        "created_at": at(NIGHTS[0], 2),
        "updated_at": changed,
        "deleted_at": None,
        **other,
    }


def product(key: int, changed: datetime) -> Row:
    return {
        "product_id": key,
        "name": f"Product {key}",
        "category": "Tools",
        "unit_price": Decimal("10.00"),
        "active": True,
        "created_at": at(NIGHTS[0], 0),
        "updated_at": changed,
    }


def shipment(key: int, order_id: int, status: str, changed: datetime) -> Row:
    return {
        "shipment_id": key,
        "order_id": order_id,
        "carrier": "Post",
        "status": status,
        "shipped_at": at(NIGHTS[0], 3),
        "delivered_at": None,
        "updated_at": changed,
    }


def spend(day: date, channel: str, amount: str, dropped: datetime) -> Row:
    return {
        "spend_date": day,
        "channel": channel,
        "amount": Decimal(amount),
        "_ab_source_file_url": f"batch_{day:%Y%m%d}.csv",
        "_ab_source_file_last_modified": dropped,
    }


def stock(key: int | None, lsn: int, night: date, units: int | None = 1) -> Row:
    """A change of the stock; without units a deletion, without a key one of everything before it."""
    gone = units is None
    return {
        "product_id": key,
        "warehouse": None if key is None else " Dallas",
        "units_on_hand": units,
        "reorder_point": None if gone else 3,
        "_ab_cdc_lsn": lsn,
        "_ab_cdc_updated_at": at(night),
        "_ab_cdc_deleted_at": at(night) if gone else None,
    }


def three_nights() -> dict[date, dict[str, list[Row]]]:
    """Bronze of three nights. What is odd about each row is said where it is made."""
    first, second, third = NIGHTS
    return {
        first: {
            "customers": [customer(key, at(first)) for key in range(1, 9)],
            "orders": [order(key, key % 7 + 1, at(first)) for key in range(1, 61)],
            "products": [product(key, at(first, 0)) for key in (1, 2, 3)],
            "shipments": [shipment(key, key, "in_transit", at(first)) for key in range(1, 31)],
            "marketing_spend": [
                spend(first, "search", "10.00", at(first)),
                spend(first, "email", "5.00", at(first)),
            ],
            "stock_levels": [stock(key, 100, first) for key in range(1, 6)],
        },
        second: {
            "customers": [customer(2, at(second), city="Moved"), customer(9, at(second))],
            "orders": [
                # An order whose date loses its revenue: all orders of 2025-09-25 are cancelled.
                *(order(key, key % 7 + 1, at(second), status="cancelled") for key in (5, 30, 55)),
                order(12, 6, at(second), amount=Decimal("77.77"), status="completed"),
                *(order(key, 9, at(second), order_date=second) for key in range(61, 66)),
                # Its customer lands one night later.
                order(70, 10, at(second), status="completed"),
            ],
            # The shop deleted product 3; orders still name it.
            "products": [product(1, at(second, 0)), product(2, at(first, 0))],
            "shipments": [shipment(1, 1, "delivered", at(second)), shipment(101, 2, "returned", at(second))],
            "marketing_spend": [
                # The first night's batch, dropped again with a correction; its other line is gone.
                spend(first, "search", "12.50", at(second)),
                spend(second, "search", "7.00", at(second)),
            ],
            "stock_levels": [
                stock(1, 200, second, units=7),
                stock(2, 201, second, units=None),
                # Landed late, older than what the first night brought: it must not win.
                stock(3, 50, second, units=99),
                stock(6, 202, second),
            ],
        },
        third: {
            "customers": [
                customer(3, at(third), name="erased", email="erased@example.com", deleted_at=at(third)),
                customer(10, at(third)),
            ],
            "orders": [
                # Soft-deleted.
                order(7, 1, at(third), deleted_at=at(third), status="completed"),
                order(61, 9, at(third), deleted_at=at(third), status="completed"),
                # A late version, older than what the second night brought: it must not win.
                order(12, 6, at(first, 18), amount=Decimal("1.00"), status="cancelled"),
                # Two orders that only ever existed deleted: gold never shows them.
                order(80, 1, at(third), deleted_at=at(third), status="completed"),
                # Every order of customer 5 is cancelled: the totals must come out as 0.
                *(order(key, 5, at(third), status="cancelled") for key in range(4, 61, 7)),
            ],
            "products": [product(1, at(second, 0)), product(2, at(first, 0))],
            "shipments": [shipment(2, 2, "in_transit", at(first, 20))],
            # A version of that batch between the two, which Airbyte delivered late.
            "marketing_spend": [spend(first, "search", "11.00", at(first, 18))],
            # The shop empties the table, which deletes what earlier nights brought, and fills in two rows.
            "stock_levels": [
                stock(2, 301, third, units=9),
                stock(7, 302, third),
                stock(None, 300, third, units=None),
            ],
        },
    }
