{#- Every order as serving.orders shows it, beside what a recomputation makes of bronze: no merge, no model of dbt and
    no row of the hot table or of gold takes part in the latter.

    The recomputation, for each key: the newest version in the stream's bronze by log position, after truncations;
    and the newest in the night's bronze by updated_at, of the published dates before the edge. The
    stream's wins if it was made after the position that gold has seen, if it is a hard deletion (the night's
    cursor sees none), or if its order date is not before the edge; else the one that was updated last. An order that
    only gold can show needs a customer: gold has no orders without one.

    `difference` is null where both agree. Gold may be ahead of the edge while a night publishes, or where a later
    date was published before an earlier one: a version that the night's bronze has for a date that does not
    count yet is not a difference. -#}
{%- set columns = [
    'customer_id', 'product_id', 'order_date', 'quantity', 'amount', 'status', 'created_at', 'updated_at'
] -%}
{%- set edge = "cast('" ~ edge_date ~ "' as date)" -%}
{%- set counted -%}
bronze_date < {{ edge }}
{%- for date in unpublished %}
and bronze_date <> cast('{{ date }}' as date)
{%- endfor %}
{%- endset %}
with

{% if from_day -%}
touched_orders as (

    select order_id
    from {{ stream_orders }}
    where order_date >= cast('{{ from_day }}' as date)
    union
    select order_id
    from {{ night_orders }}
    where order_date >= cast('{{ from_day }}' as date)
    union
    select order_id
    from {{ serving_orders }}
    where order_date >= cast('{{ from_day }}' as date)

),

{% endif -%}
truncation as (

    select coalesce(max(_ab_cdc_lsn), -1) as truncated_at_lsn
    from {{ stream_orders }}
    where order_id is null

),

ranked_changes as (

    select
        order_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        _ab_cdc_lsn as change_lsn,
        case when _ab_cdc_deleted_at is null then 0 else 1 end as is_deleted,
        case when deleted_at is null then 0 else 1 end as is_deleted_softly,
        -- The same position again is the same change, delivered again.
        row_number() over (
            partition by order_id
            order by _ab_cdc_lsn desc, _airbyte_extracted_at asc
        ) as version_rank
    from {{ stream_orders }}
    where
        order_id is not null
        {%- if from_day %}
        and order_id in (select touched_orders.order_id from touched_orders)
        {%- endif %}

),

stream_versions as (

    select
        ranked_changes.*,
        case when change_lsn < truncated_at_lsn then 1 else is_deleted end as is_removed,
        case when change_lsn < truncated_at_lsn or is_deleted + is_deleted_softly > 0 then 1 else 0 end as is_gone
    from ranked_changes
    cross join truncation
    where version_rank = 1

),

ranked_night as (

    select
        order_id,
        {%- for column in columns if column != 'status' %}
        {{ column }},
        {%- endfor %}
        lower(trim(status)) as status,
        case when deleted_at is null then 0 else 1 end as is_gone,
        row_number() over (
            partition by order_id
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from {{ night_orders }}
    where
        {{ counted }}
        {%- if from_day %}
        and order_id in (select touched_orders.order_id from touched_orders)
        {%- endif %}

),

night_versions as (

    select *
    from ranked_night
    where version_rank = 1

),

uncounted_nights as (

    select
        order_id,
        max(case when deleted_at is null then 0 else 1 end) as is_gone
    from {{ night_orders }}
    where not ({{ counted }})
    group by order_id

),

known_customers as (

    select distinct customer_id
    from {{ night_customers }}

),

chosen_versions as (

    select
        coalesce(stream_versions.order_id, night_versions.order_id) as order_id,
        case
            when stream_versions.order_id is null then 0
            when
                stream_versions.change_lsn > {{ edge_lsn }}
                or stream_versions.is_removed = 1
                or stream_versions.order_date >= {{ edge }}
                then 1
            else 0
        end as is_live,
        case
            when stream_versions.order_id is null then 0
            when
                night_versions.order_id is null
                or stream_versions.change_lsn > {{ edge_lsn }}
                or stream_versions.is_removed = 1
                or stream_versions.order_date >= {{ edge }}
                or stream_versions.updated_at >= night_versions.updated_at
                then 1
            else 0
        end as is_of_the_stream
    from stream_versions
    full outer join night_versions
        on stream_versions.order_id = night_versions.order_id

),

recomputed_orders as (

    select
        chosen_versions.order_id,
        chosen_versions.is_live,
        {%- for column in columns %}
        case
            when chosen_versions.is_of_the_stream = 1 then stream_versions.{{ column }}
            else night_versions.{{ column }}
        end as {{ column }},
        {%- endfor %}
        case
            when chosen_versions.is_of_the_stream = 1 then stream_versions.is_gone
            -- Emptied after the position that gold has seen, and the stream has brought nothing of the order.
            when stream_versions.order_id is null and truncation.truncated_at_lsn > {{ edge_lsn }} then 1
            else night_versions.is_gone
        end as is_gone
    from chosen_versions
    left join stream_versions
        on chosen_versions.order_id = stream_versions.order_id
    left join night_versions
        on chosen_versions.order_id = night_versions.order_id
    cross join truncation

),

expected_orders as (

    select recomputed_orders.*
    from recomputed_orders
    left join known_customers
        on recomputed_orders.customer_id = known_customers.customer_id
    where
        recomputed_orders.is_gone = 0
        and (recomputed_orders.is_live = 1 or known_customers.customer_id is not null)

),

served_orders as (

    select
        order_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        count(*) over (partition by order_id) as copies,
        min(side) over (partition by order_id) as first_side,
        max(side) over (partition by order_id) as last_side,
        row_number() over (
            partition by order_id
            order by side desc
        ) as copy_number
    from {{ serving_orders }}
    {%- if from_day %}
    where order_id in (select touched_orders.order_id from touched_orders)
    {%- endif %}

),

paired_orders as (

    select
        coalesce(expected_orders.order_id, shown_orders.order_id) as order_id,
        expected_orders.order_id as expected_order_id,
        shown_orders.order_id as shown_order_id,
        {%- for column in columns %}
        expected_orders.{{ column }} as expected_{{ column }},
        shown_orders.{{ column }} as shown_{{ column }},
        {%- endfor %}
        shown_orders.copies,
        shown_orders.first_side,
        shown_orders.last_side
    from expected_orders
    full outer join (select * from served_orders where copy_number = 1) as shown_orders
        on expected_orders.order_id = shown_orders.order_id

),

judged_orders as (

    select
        paired_orders.*,
        chosen_versions.is_live,
        case
            when paired_orders.copies > 1 then 'doubled'
            when
                coalesce(chosen_versions.is_live, 0) = 0
                and uncounted_nights.order_id is not null
                and (
                    (paired_orders.shown_order_id is null and uncounted_nights.is_gone = 1)
                    or paired_orders.shown_updated_at > paired_orders.expected_updated_at
                    or paired_orders.expected_order_id is null
                )
                then null
            when paired_orders.shown_order_id is null then 'missing'
            when paired_orders.expected_order_id is null then 'unexpected'
            when
                {%- for column in columns %}
                {{ "or " if not loop.first }}paired_orders.expected_{{ column }}
                is distinct from paired_orders.shown_{{ column }}
                {%- endfor %}
                then 'changed'
        end as difference
    from paired_orders
    left join chosen_versions
        on paired_orders.order_id = chosen_versions.order_id
    left join uncounted_nights
        on paired_orders.order_id = uncounted_nights.order_id

)

select *
from judged_orders
