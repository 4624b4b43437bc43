{#- The only place where the edge moves: one statement, so that no reader sees half of it. -#}
update {{ table }}
set
    business_date = date '{{ business_date }}',
    source_lsn = {{ source_lsn }}
