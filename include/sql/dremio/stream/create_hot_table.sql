create table if not exists {{ table }} (
    {%- for column in columns %}
    "{{ column.name }}" {{ column.type }}{{ "," if not loop.last }}
    {%- endfor %}
)
