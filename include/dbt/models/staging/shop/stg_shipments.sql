{{ stage_versions(
    'raw_shipments',
    key='shipment_id',
    cursor='updated_at',
    columns={
        'carrier': 'trim(carrier)',
        'shipment_status': 'lower(trim(status))',
    },
) }}
