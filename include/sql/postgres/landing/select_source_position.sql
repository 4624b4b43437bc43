-- In bytes; null on a standby, which does not know what is open at its primary.
select case when not pg_is_in_recovery() then (pg_current_wal_flush_lsn() - '0/0')::bigint end as lsn
