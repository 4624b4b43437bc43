-- A server in recovery has no write position of its own; a slot that is lost has no place to restart from.
select
    slot_name,
    pg_wal_lsn_diff(
        case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
        coalesce(confirmed_flush_lsn, restart_lsn)
    )::double precision as lag_bytes,
    coalesce(wal_status, '') = 'lost' as is_lost
from pg_replication_slots
order by slot_name;
