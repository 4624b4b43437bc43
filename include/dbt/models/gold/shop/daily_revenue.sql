{{ config(
    unique_key='order_date',
    partition_by=['"year"', '"month"', '"day"'],
) }}

with

tested_revenue as (

    select
        order_date,
        orders_count,
        daily_revenue,
        average_order_value,
        -- Columns rather than partition transforms: Iceberg allows one time transform per column.
        cast(extract(year from order_date) as integer) as "year",
        cast(extract(month from order_date) as integer) as "month",
        cast(extract(day from order_date) as integer) as "day"
    from {{ ref('fct_daily_revenue') }}

)

{{ rows_that_differ('tested_revenue') }}
