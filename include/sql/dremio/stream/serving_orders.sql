{#- Every order once: from hot what gold cannot have yet, from gold everything else. Hot has the say on an order
    that it knows a newer version of (after the log position that gold has seen), that is placed on or after the
    edge's business date, or that was deleted for good, which no night sees. After a truncation gold has no say
    until a night has started since: whatever lives then has come through the log. -#}
with

{% if gold -%}
edge as (

    select
        business_date,
        source_lsn
    from {{ edge }}

),

truncation as (

    select coalesce(max(lsn), 0) as lsn
    from {{ truncations }}
    where stream_name = 'orders'

),

{% endif -%}
hot_candidates as (

    select
        orders.order_id,
        orders.customer_id,
        orders.product_id,
        orders.order_date,
        orders.quantity,
        orders.amount,
        case when orders.deleted_at is null then lower(trim(orders.status)) else 'deleted' end as status,
        orders.created_at,
        orders.updated_at,
        orders.is_deleted
    from {{ hot }} as orders
    {%- if gold %}
    cross join edge
    where
        orders.is_deleted
        or orders.change_lsn > edge.source_lsn
        or orders.order_date >= edge.business_date
    {%- endif %}

)

select
    order_id,
    customer_id,
    product_id,
    order_date,
    quantity,
    amount,
    status,
    created_at,
    updated_at,
    'hot' as side
from hot_candidates
where
    not is_deleted
    and status <> 'deleted'
{%- if gold %}
union all
select
    audited.order_id,
    audited.customer_id,
    audited.product_id,
    audited.order_date,
    audited.quantity,
    audited.amount,
    audited.status,
    audited.created_at,
    audited.updated_at,
    'cold' as side
from {{ gold }} as audited
cross join edge
cross join truncation
left join hot_candidates
    on audited.order_id = hot_candidates.order_id
where
    hot_candidates.order_id is null
    and audited.status <> 'deleted'
    and truncation.lsn <= edge.source_lsn
{%- endif %}
