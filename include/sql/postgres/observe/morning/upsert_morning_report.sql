insert into morning_reports (business_date, state, told_at)
values (%(business_date)s, %(state)s, %(at)s)
on conflict (business_date) do update set
    state = excluded.state,
    told_at = excluded.told_at
