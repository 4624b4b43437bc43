{{ stage_changes(
    'raw_stock_levels',
    key=['product_id', 'warehouse'],
    key_column='stock_level_key',
    columns={
        'stock_level_key': "concat(cast(product_id as varchar), ' ', trim(warehouse))",
        'warehouse': 'trim(warehouse)',
    },
    status_column='status',
    current='stocked',
) }}
