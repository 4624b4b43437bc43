select
    wal_status,
    safe_wal_size as safe,
    active,
    (pg_current_wal_lsn() - confirmed_flush_lsn)::bigint as behind,
    (pg_current_wal_lsn() - restart_lsn)::bigint as retained
from pg_replication_slots
where slot_name = %(slot)s
