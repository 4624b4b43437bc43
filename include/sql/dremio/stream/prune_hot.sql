{#- Rows that have not changed for the days hot keeps, and that gold has: nothing shows them any more. A
    tombstone stays as long as gold has its key, for no night sees that a row was deleted for good. -#}
delete from {{ table }}
where
    changed_at < timestamp '{{ cutoff }}'
    {%- if gold %}
    and change_lsn <= {{ source_lsn }}
    and (
        (
            not is_deleted
            {%- if business_date_column %}
            and {{ business_date_column }} < date '{{ business_date }}'
            {%- endif %}
        )
        or (
            is_deleted
            and {{ key[0] }} not in (select {{ key[0] }} from {{ gold }} where {{ key[0] }} is not null)
        )
    )
    {%- endif %}
