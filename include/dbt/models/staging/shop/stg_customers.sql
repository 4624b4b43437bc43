{{ stage_versions(
    'raw_customers',
    key='customer_id',
    cursor='updated_at',
    columns={
        'customer_name': 'trim(upper(name))',
        'email': 'lower(trim(email))',
        'is_deleted': '(deleted_at is not null)',
    },
) }}
