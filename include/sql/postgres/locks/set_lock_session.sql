-- Who this connection is to those that wait for it, and how long it waits itself.
select
    set_config('application_name', %(holder)s, false) as holder,
    set_config('lock_timeout', %(wait)s, false) as wait
