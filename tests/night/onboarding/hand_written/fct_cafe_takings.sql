{{ config(unique_key='takings_key') }}

with

orders as (

    select
        orders.store_id,
        cast(orders.ordered_at as date) as ordered_on,
        case when orders.state in ('paid', 'served') then 1 else 0 end as is_taken,
        case when orders.state in ('paid', 'served') then orders.total else 0 end as taken
    from {{ ref('int_cafe_orders') }} as orders

),

takings as (

    select
        concat(store_id, ' ', cast(ordered_on as varchar)) as takings_key,
        store_id,
        ordered_on,
        cast(sum(is_taken) as bigint) as orders_count,
        cast(sum(taken) as decimal(18, 2)) as takings
    from orders
    group by store_id, ordered_on

)

{{ rows_that_differ('takings') }}
