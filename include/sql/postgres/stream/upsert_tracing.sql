insert into stream_tracing as known (
    only_row,
    running,
    paused,
    changed_at,
    beaten_at,
    every_seconds,
    clock_offset_seconds,
    clock_error_seconds,
    source_problem,
    chart_problem
)
values (
    true,
    %(running)s,
    %(paused)s,
    clock_timestamp(),
    clock_timestamp(),
    %(every_seconds)s,
    %(clock_offset)s,
    %(clock_error)s,
    %(source_problem)s,
    %(chart_problem)s
)
on conflict (only_row) do update set
    running = excluded.running,
    paused = excluded.paused,
    changed_at = case
        when (known.running, known.paused) = (excluded.running, excluded.paused) then known.changed_at
        else excluded.changed_at
    end,
    beaten_at = excluded.beaten_at,
    every_seconds = excluded.every_seconds,
    clock_offset_seconds = coalesce(excluded.clock_offset_seconds, known.clock_offset_seconds),
    clock_error_seconds = coalesce(excluded.clock_error_seconds, known.clock_error_seconds),
    source_problem = excluded.source_problem,
    chart_problem = excluded.chart_problem
