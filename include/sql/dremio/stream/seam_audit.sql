{#- For each day that has gone cold: what the stream had shown of it, beside the audited rows that replace it. Orders
    that have changed since the position that gold has seen are live again and take no part. -#}
with

truncation as (

    select coalesce(max(_ab_cdc_lsn), -1) as truncated_at_lsn
    from {{ stream_orders }}
    where order_id is null

),

ranked_changes as (

    select
        order_id,
        order_date,
        amount,
        status,
        _ab_cdc_lsn as change_lsn,
        case when _ab_cdc_deleted_at is null and deleted_at is null then 0 else 1 end as is_deleted,
        row_number() over (
            partition by order_id
            order by _ab_cdc_lsn desc, _airbyte_extracted_at asc
        ) as version_rank
    from {{ stream_orders }}
    where order_id is not null

),

newest_changes as (

    select
        ranked_changes.*,
        truncated_at_lsn
    from ranked_changes
    cross join truncation
    where version_rank = 1

),

live_again as (

    select order_id
    from newest_changes
    where change_lsn > {{ edge_lsn }} or truncated_at_lsn > {{ edge_lsn }}

),

streamed_orders as (

    select
        order_id,
        order_date,
        amount,
        status
    from newest_changes
    where
        change_lsn <= {{ edge_lsn }}
        and change_lsn >= truncated_at_lsn
        and is_deleted = 0
        and order_date >= cast('{{ from_day }}' as date)
        and order_date < cast('{{ edge_date }}' as date)

),

audited_orders as (

    select
        served.order_id,
        served.order_date,
        served.amount,
        served.status
    from {{ serving_orders }} as served
    left join live_again
        on served.order_id = live_again.order_id
    where
        served.side = 'cold'
        and served.order_date >= cast('{{ from_day }}' as date)
        and served.order_date < cast('{{ edge_date }}' as date)
        and live_again.order_id is null

),

paired_orders as (

    select
        coalesce(streamed_orders.order_id, audited_orders.order_id) as order_id,
        coalesce(audited_orders.order_date, streamed_orders.order_date) as order_date,
        case when streamed_orders.order_id is null then 0 else 1 end as is_streamed,
        case when audited_orders.order_id is null then 0 else 1 end as is_audited,
        case when streamed_orders.status = 'completed' then streamed_orders.amount else 0 end as streamed_revenue,
        case when audited_orders.status = 'completed' then audited_orders.amount else 0 end as audited_revenue,
        case
            when
                streamed_orders.order_date is distinct from audited_orders.order_date
                or streamed_orders.amount is distinct from audited_orders.amount
                or streamed_orders.status is distinct from audited_orders.status
                then 1
            else 0
        end as differs
    from streamed_orders
    full outer join audited_orders
        on streamed_orders.order_id = audited_orders.order_id

)

select
    order_date,
    cast(sum(is_streamed) as bigint) as streamed_orders,
    cast(sum(is_audited) as bigint) as audited_orders,
    cast(sum(streamed_revenue) as decimal(18, 2)) as streamed_revenue,
    cast(sum(audited_revenue) as decimal(18, 2)) as audited_revenue,
    cast(sum(case when is_streamed = 0 then 1 else 0 end) as bigint) as missed_by_the_stream,
    cast(sum(case when is_audited = 0 then 1 else 0 end) as bigint) as missing_in_gold,
    cast(sum(case when is_streamed = 1 and is_audited = 1 then differs else 0 end) as bigint) as changed,
    min(case when differs = 1 then order_id end) as example_order_id
from paired_orders
group by order_date
order by order_date
