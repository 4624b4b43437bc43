{{ config(unique_key='customer_id') }}

with

customers as (

    select
        customer_id,
        customer_name,
        email,
        city,
        state,
        is_deleted,
        created_at,
        updated_at
    from {{ ref('int_customers') }}

)

{{ rows_that_differ('customers') }}
