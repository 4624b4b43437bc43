{{ config(unique_key='customer_id') }}

with

customers as (

    select
        customer_id,
        customer_name,
        email,
        phone,
        address,
        city,
        state,
        zip_code,
        is_deleted,
        created_at,
        updated_at,
        bronze_date
    from {{ ref('stg_customers') }}

)

{{ rows_that_differ('customers') }}
