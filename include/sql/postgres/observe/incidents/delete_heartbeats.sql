delete from heartbeats
where name = any(%(names)s)
