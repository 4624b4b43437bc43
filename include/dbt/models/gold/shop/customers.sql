{{ config(unique_key='customer_id') }}

with

tested_customers as (

    select
        customer_id,
        customer_name,
        email,
        city,
        state,
        is_deleted,
        created_at,
        updated_at
    from {{ ref('dim_customers') }}

)

{{ rows_that_differ('tested_customers') }}
