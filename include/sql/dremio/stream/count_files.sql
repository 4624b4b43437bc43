select count(*) as file_count
from table(table_files('{{ table }}'))
