select
    path,
    salt,
    digest
from airbyte_secrets
where thing_id = %(thing_id)s
