{#- The shop deletes products for good. Orders refer to them, so each stays in its last version. -#}
{{ stage_versions(
    'raw_products',
    key='product_id',
    cursor='updated_at',
    columns={
        'product_name': 'trim(name)',
        'category': 'lower(trim(category))',
        'is_active': 'active',
    },
) }}
