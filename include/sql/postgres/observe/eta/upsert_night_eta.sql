-- The first forecast of a date stays; a forecast that was made earlier than the stored one changes nothing.
insert into night_eta as kept (
    business_date, made_at, state, at_work, deadline, p05, p50, p95, p_miss, nights_learnt, stage_ends,
    first_made_at, first_p05, first_p50, first_p95
)
values (
    %(business_date)s, %(made_at)s, %(state)s, %(at_work)s, %(deadline)s, %(p05)s, %(p50)s, %(p95)s,
    %(p_miss)s, %(nights_learnt)s, %(stage_ends)s, %(made_at)s, %(p05)s, %(p50)s, %(p95)s
)
on conflict (business_date) do update set
    made_at = excluded.made_at,
    state = excluded.state,
    at_work = excluded.at_work,
    deadline = excluded.deadline,
    p05 = excluded.p05,
    p50 = excluded.p50,
    p95 = excluded.p95,
    p_miss = excluded.p_miss,
    nights_learnt = excluded.nights_learnt,
    stage_ends = excluded.stage_ends
where kept.made_at <= excluded.made_at or kept.made_at > now() + interval '1 minute'
