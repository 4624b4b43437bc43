select
    count(*) as total_count,
    sum(case when committed_at < timestamp '{{ cutoff }}' then 1 else 0 end) as old_count
from table(table_snapshot('{{ table }}'))
