-- One holder at a time, until the connection closes.
select pg_advisory_lock(hashtext(%(what)s), hashtext(%(name)s))
