{#- The rows by which the lag of the stream is measured. -#}
select
    tracer_id,
    committed_at
from {{ hot }}
where not is_deleted
