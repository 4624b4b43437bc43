{{ config(unique_key='spend_key') }}

with

raw_marketing_spend as (

    select *
    from {{ source('bronze', 'raw_marketing_spend') }}
    where
        spend_date is not null
        and channel is not null
        {{ and_of_this_business_date() }}

),

cleaned as (

    select
        cast(spend_date as date) as spend_date,
        lower(trim(channel)) as channel,
        cast(amount as decimal(12, 2)) as amount,
        _ab_source_file_url as source_file,
        -- A line has no timestamp of its own; it is as new as its file.
        _ab_source_file_last_modified as updated_at,
        bronze_date
    from raw_marketing_spend

),

ranked as (

    select
        cast(spend_date as varchar) || '/' || channel as spend_key,
        spend_date,
        channel,
        amount,
        source_file,
        updated_at,
        bronze_date,
        row_number() over (
            partition by spend_date, channel
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from cleaned

),

newest as (

    select *
    from ranked
    where version_rank = 1

)

select
    newest.spend_key,
    newest.spend_date,
    newest.channel,
    newest.amount,
    newest.source_file,
    newest.updated_at,
    newest.bronze_date
from newest
{{ unless_newer_is_held('newest', 'spend_key') }}
