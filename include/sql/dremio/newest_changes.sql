{#- The newest version of each key of a CDC stream, over all partitions. A deleted key stays as a row with the
    time of its deletion: by its own deletion, or by a truncation (a row without a key), which deletes
    everything before it in the log. -#}
with

ranked as (

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        row_number() over (
            partition by {{ key | join(', ') }}
            order by {{ lsn }} desc, bronze_date desc, _airbyte_extracted_at desc
        ) as version_rank
    from {{ raw_view }}
    where {{ key[0] }} is not null

),

truncations as (

    select
        max({{ lsn }}) as truncated_at_lsn,
        max({{ deleted_at }}) as truncated_at
    from {{ raw_view }}
    where {{ key[0] }} is null

)

select
    {%- for column in columns %}
    {%- if column == deleted_at %}
    case
        when ranked.{{ deleted_at }} is null and ranked.{{ lsn }} < truncations.truncated_at_lsn
            then truncations.truncated_at
        else ranked.{{ deleted_at }}
    end as {{ column }}{{ "," if not loop.last }}
    {%- else %}
    ranked.{{ column }}{{ "," if not loop.last }}
    {%- endif %}
    {%- endfor %}
from ranked
cross join truncations
where ranked.version_rank = 1
