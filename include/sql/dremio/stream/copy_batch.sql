{#- A batch's files, by name: Dremio lists no folder and keeps no metadata of them. -#}
copy into {{ incoming }}
from '{{ location }}'
files (
    {%- for file in files %}
    '{{ file }}'{{ "," if not loop.last }}
    {%- endfor %}
)
file_format 'parquet'
