{{ config(
    unique_key='customer_id',
    partition_by=['"snapshot"'],
) }}

with

tested_metrics as (

    select
        customer_id,
        customer_name,
        email,
        total_orders,
        lifetime_value,
        average_order_value,
        first_order_date,
        last_order_date,
        customer_lifespan_days,
        "snapshot"
    from {{ ref('fct_customer_lifetime_value') }}

)

{{ rows_that_differ('tested_metrics') }}
