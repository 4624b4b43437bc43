-- One claim of a source at a time, until the transaction ends.
select pg_advisory_xact_lock(hashtext('landing'), hashtext(%(source)s))
