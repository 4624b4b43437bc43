-- What is not flushed yet can be read by nobody.
select (pg_current_wal_flush_lsn() - '0/0')::bigint as position
