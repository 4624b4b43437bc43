{#- After the merge, so that no reader sees a truncation without what it did. -#}
insert into {{ truncations }}
select
    '{{ stream }}' as stream_name,
    incoming._ab_cdc_lsn as lsn,
    max(incoming._ab_cdc_updated_at) as truncated_at
from {{ incoming }} as incoming
left join {{ truncations }} as known
    on
        known.stream_name = '{{ stream }}'
        and incoming._ab_cdc_lsn = known.lsn
where
    incoming.{{ key[0] }} is null
    and known.lsn is null
group by incoming._ab_cdc_lsn
