{{ config(partition_by=['month(order_date)']) }}

{{ stage_versions(
    'raw_orders',
    key='order_id',
    cursor='updated_at',
    columns={
        'status': "case when deleted_at is null then lower(trim(status)) else 'deleted' end",
    },
) }}
