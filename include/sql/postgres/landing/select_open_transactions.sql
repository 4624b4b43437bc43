-- Every transaction that has written something and is not over: it holds a lock on its own number until
-- others see what it has done.
select transactionid::text as open_transaction
from pg_locks
where
    locktype = 'transactionid'
    and mode = 'ExclusiveLock'
    and granted
