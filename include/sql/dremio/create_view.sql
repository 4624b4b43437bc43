create or replace view {{ view }} as
{{ query }}
