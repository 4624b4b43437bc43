{#- The newest version of each key that came in, where it is newer than the one held. A row from before a
    truncation is a tombstone, with the last place in the log before it: what was read again at the truncation's
    own place is newer. A batch that brings a truncation also makes tombstones of the rows that it did not name:
    those held, and those that only gold has. -#}
merge into {{ table }} as held
using (
    with

    truncations as (

        select
            lsn,
            lsn as known_lsn,
            truncated_at
        from {{ truncations }}
        where stream_name = '{{ stream }}'
        union all
        select
            _ab_cdc_lsn as lsn,
            cast(null as bigint) as known_lsn,
            _ab_cdc_updated_at as truncated_at
        from {{ incoming }}
        where {{ key[0] }} is null

    ),

    truncation as (

        select
            coalesce(max(lsn), 0) as lsn,
            coalesce(max(known_lsn), 0) as known_lsn,
            max(truncated_at) as truncated_at
        from truncations

    ),

    arrived as (

        select
            incoming.*,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by _ab_cdc_lsn desc, _airbyte_extracted_at desc
            ) as version_rank
        from {{ incoming }} as incoming
        where {{ key[0] }} is not null

    ),

    changes as (

        select
            {%- for column in key %}
            arrived.{{ column }},
            {%- endfor %}
            {%- for column in values %}
            case
                when arrived._ab_cdc_deleted_at is null and arrived._ab_cdc_lsn >= truncation.lsn
                    then arrived.{{ column }}
            end as {{ column }},
            {%- endfor %}
            case
                when arrived._ab_cdc_lsn >= truncation.lsn then arrived._ab_cdc_lsn
                else truncation.lsn - 1
            end as change_lsn,
            case
                when arrived._ab_cdc_lsn >= truncation.lsn then arrived._ab_cdc_updated_at
                else truncation.truncated_at
            end as changed_at,
            arrived._ab_cdc_deleted_at is not null or arrived._ab_cdc_lsn < truncation.lsn as is_deleted
        from arrived
        cross join truncation
        where arrived.version_rank = 1
        {%- if truncated %}
        {%- for rows in [table, gold] if rows %}
        union all
        select
            {%- for column in key %}
            emptied.{{ column }},
            {%- endfor %}
            {%- for column in values %}
            cast(null as {{ types[column] }}) as {{ column }},
            {%- endfor %}
            truncation.lsn - 1 as change_lsn,
            truncation.truncated_at as changed_at,
            true as is_deleted
        from {{ rows }} as emptied
        cross join truncation
        {%- if rows == gold and not rebuilding %}
        -- Delivered again, a truncation says nothing of rows that gold has got since.
        where truncation.lsn > truncation.known_lsn
        {%- endif %}
        {%- endfor %}
        {%- endif %}

    ){% if truncated %},

    ranked as (

        select
            changes.*,
            row_number() over (partition by {{ key | join(', ') }} order by change_lsn desc) as change_rank
        from changes

    ){% endif %}

    select
        {%- for column in key + values %}
        news.{{ column }},
        {%- endfor %}
        news.change_lsn,
        news.changed_at,
        news.is_deleted
    from {{ "ranked" if truncated else "changes" }} as news
    left join {{ table }} as known
        on {% for column in key %}news.{{ column }} = known.{{ column }}{{ " and " if not loop.last }}{% endfor %}
    where
        {%- if truncated %}
        news.change_rank = 1
        and (
            known.change_lsn is null
            or news.change_lsn > known.change_lsn
        )
        {%- else %}
        known.change_lsn is null
        or news.change_lsn > known.change_lsn
        {%- endif %}
) as news
    on ({% for column in key %}held.{{ column }} = news.{{ column }}{{ " and " if not loop.last }}{% endfor %})
when matched then update set
    {%- for column in values %}
    {{ column }} = news.{{ column }},
    {%- endfor %}
    change_lsn = news.change_lsn,
    changed_at = news.changed_at,
    is_deleted = news.is_deleted,
    batch_id = {{ batch_id }}
when not matched then insert (
    {%- for column in key + values %}
    {{ column }},
    {%- endfor %}
    change_lsn,
    changed_at,
    is_deleted,
    batch_id
)
values (
    {%- for column in key + values %}
    news.{{ column }},
    {%- endfor %}
    news.change_lsn,
    news.changed_at,
    news.is_deleted,
    {{ batch_id }}
)
