insert into stream_leftovers (s3_key)
select unnest(%(keys)s) as s3_key
except
select %(joined_key)s
on conflict (s3_key) do nothing
