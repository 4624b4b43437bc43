insert into airbyte_secrets (thing_id, path, salt, digest)
values (%(thing_id)s, %(path)s, %(salt)s, %(digest)s)
