insert into heartbeats (name, first_at, beaten_at)
values (%(name)s, %(at)s, %(at)s)
on conflict (name) do update set
    beaten_at = excluded.beaten_at
