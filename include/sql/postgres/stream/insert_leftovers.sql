insert into stream_leftovers (s3_key)
select unnest(%(keys)s::text[]) as s3_key
except
select %(joined_key)s::text
on conflict (s3_key) do nothing
