{#- One row: which rows gold has (lakehouse.stream.edge). It begins with a position before all of them. -#}
create table if not exists {{ table }} as
select
    cast('1970-01-01' as date) as business_date,
    cast(0 as bigint) as source_lsn
