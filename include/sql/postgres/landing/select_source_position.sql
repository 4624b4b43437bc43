-- In bytes; on a standby, what it has applied.
select (
    case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end - '0/0'
)::bigint as lsn
