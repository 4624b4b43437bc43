{{ config(unique_key='shipment_id') }}

with

raw_shipments as (

    select *
    from {{ source('bronze', 'raw_shipments') }}
    where
        shipment_id is not null
        {{ and_of_this_business_date() }}

),

cleaned as (

    select
        cast(shipment_id as bigint) as shipment_id,
        cast(order_id as bigint) as order_id,
        trim(carrier) as carrier,
        lower(trim(status)) as shipment_status,
        shipped_at,
        delivered_at,
        updated_at,
        bronze_date,
        row_number() over (
            partition by shipment_id
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from raw_shipments

),

newest as (

    select *
    from cleaned
    where version_rank = 1

)

select
    newest.shipment_id,
    newest.order_id,
    newest.carrier,
    newest.shipment_status,
    newest.shipped_at,
    newest.delivered_at,
    newest.updated_at,
    newest.bronze_date
from newest
{{ unless_newer_is_held('newest', 'shipment_id') }}
