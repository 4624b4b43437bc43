insert into night_receipts as kept (
    business_date, stage, run_id, task_id, map_index, state, attempts,
    started_at, ended_at, emits_asset, report, error, log
)
values (
    %(business_date)s, %(stage)s, %(run_id)s, %(task_id)s, %(map_index)s, %(state)s, %(attempts)s,
    %(started_at)s, %(ended_at)s, %(emits_asset)s, %(report)s, %(error)s, %(log)s
)
on conflict (business_date, stage, run_id, task_id, map_index) do update set
    state = excluded.state,
    attempts = excluded.attempts,
    started_at = least(kept.started_at, excluded.started_at),
    ended_at = excluded.ended_at,
    emits_asset = excluded.emits_asset,
    report = excluded.report,
    error = excluded.error,
    log = excluded.log
