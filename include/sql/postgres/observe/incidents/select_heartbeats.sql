select
    name,
    first_at,
    beaten_at
from heartbeats
order by name
