select
    count(*) as snapshots,
    sum(case when committed_at < timestamp '{{ cutoff }}' then 1 else 0 end) as old_snapshots
from table(table_snapshot('{{ table }}'))
