"""One business date of bronze for `dbt build`: every stream in the shape that load_bronze gives it."""

from __future__ import annotations

DATE = "2025-10-16"
LANDED = f"timestamp '{DATE} 01:00:00' as _airbyte_extracted_at, cast(1 as bigint) as _airbyte_sync_id"
MOMENTS = f"timestamp '{DATE} 00:00:00' - to_seconds(i % 9000000) as created_at,"
BRONZE = {
    ("postgres", "customers"): f"""
        select i as customer_id, ' Customer ' || i as name, 'C' || i || '@Example.com' as email, '1' as phone,
            'Street ' || i as address, 'Town' as city, 'TX' as state, '00001' as zip_code, {MOMENTS}
            timestamp '{DATE} 00:30:00' as updated_at, cast(null as timestamp) as deleted_at, {LANDED}
        from range(1, {{customers}} + 1) as t(i)""",
    ("postgres", "orders"): f"""
        select i as order_id, cast(1 + hash(i) % {{customers}} as bigint) as customer_id,
            cast(1 + hash(i + 7) % 1000 as bigint) as product_id,
            cast(date '{DATE}' - cast(i % 365 as integer) as date) as order_date,
            cast(1 + hash(i + 3) % 9 as integer) as quantity, cast(10 as decimal(12, 2)) as unit_price,
            cast(1 + hash(i + 4) % 100000 as decimal(12, 2)) as amount,
            ['pending', 'completed', 'cancelled', 'refunded'][1 + cast(hash(i + 1) % 4 as integer)] as status,
            {MOMENTS} timestamp '{DATE} 00:30:00' as updated_at,
            cast(null as timestamp) as deleted_at, {LANDED}
        from range(1, {{rows}} + 1) as t(i)""",
    ("postgres", "products"): f"""
        select i as product_id, 'Product ' || i as name, 'Tools' as category,
            cast(10 as decimal(12, 2)) as unit_price, true as active, {MOMENTS}
            timestamp '{DATE} 00:30:00' as updated_at, {LANDED}
        from range(1, 1001) as t(i)""",
    ("api", "shipments"): f"""
        select i as shipment_id, i as order_id, 'Post' as carrier, 'delivered' as status,
            timestamp '{DATE} 00:10:00' as shipped_at, timestamp '{DATE} 00:20:00' as delivered_at,
            timestamp '{DATE} 00:30:00' as updated_at, {LANDED}
        from range(1, {{customers}} + 1) as t(i)""",
    ("files", "marketing_spend"): f"""
        select cast(date '{DATE}' - cast(i // 6 as integer) as date) as spend_date,
            ['search', 'social', 'email', 'affiliate', 'display', 'print'][1 + i % 6] as channel,
            cast(1 + hash(i) % 1000 as decimal(12, 2)) as amount, 'spend.csv' as _ab_source_file_url,
            timestamp '{DATE} 00:30:00' as _ab_source_file_last_modified, {LANDED}
        from range(0, 6 * 365) as t(i)""",
    ("postgres_cdc", "stock_levels"): f"""
        select 1 + i // 3 as product_id, ['Austin', 'Dallas', 'Houston'][1 + i % 3] as warehouse,
            cast(hash(i) % 100 as integer) as units_on_hand, 10 as reorder_point, i as _ab_cdc_lsn,
            timestamp '{DATE} 00:30:00' as _ab_cdc_updated_at,
            cast(null as timestamp) as _ab_cdc_deleted_at, {LANDED}
        from range(0, 3000) as t(i)""",
}
"""SQL of each (source, stream), with places for `rows` and `customers`."""
