-- Nothing is returned while a batch is in flight. A batch begins where the one before it ended.
insert into stream_batches (connection, state, day, run_id, from_lsn, to_lsn)
values (
    %(connection)s,
    'syncing',
    (clock_timestamp() at time zone 'UTC')::date,
    %(run_id)s,
    (
        select max(to_lsn) from stream_batches
        where connection = %(connection)s
    ),
    %(to_lsn)s
)
on conflict (connection) where state <> 'merged' do nothing
returning batch_id
