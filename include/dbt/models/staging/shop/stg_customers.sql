{{ config(unique_key='customer_id') }}

with

raw_customers as (

    select *
    from {{ source('bronze', 'raw_customers') }}
    where
        customer_id is not null
        {{ and_of_this_business_date() }}

),

cleaned as (

    select
        cast(customer_id as bigint) as customer_id,
        trim(upper(name)) as customer_name,
        lower(trim(email)) as email,
        phone,
        address,
        city,
        state,
        zip_code,
        (deleted_at is not null) as is_deleted,
        created_at,
        updated_at,
        bronze_date,
        row_number() over (
            partition by customer_id
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from raw_customers

),

newest as (

    select *
    from cleaned
    where version_rank = 1

)

select
    newest.customer_id,
    newest.customer_name,
    newest.email,
    newest.phone,
    newest.address,
    newest.city,
    newest.state,
    newest.zip_code,
    newest.is_deleted,
    newest.created_at,
    newest.updated_at,
    newest.bronze_date
from newest
{{ unless_newer_is_held('newest', 'customer_id') }}
