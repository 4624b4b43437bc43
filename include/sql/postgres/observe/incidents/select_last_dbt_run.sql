-- The newest dbt invocation of a task for a date.
select metadata
from dbt_run_history
where
    metadata ->> 'dag' = %(dag)s
    and metadata ->> 'task' = %(task)s
    and metadata ->> 'business_date' = %(business_date)s
order by completed_at desc
limit 1
