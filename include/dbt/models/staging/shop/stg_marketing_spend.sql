{#- A line has no timestamp of its own: it is as new as its file. -#}
{{ stage_versions(
    'raw_marketing_spend',
    key='spend_key',
    cursor='updated_at',
    columns={
        'spend_key': "cast(spend_date as varchar) || '/' || lower(trim(channel))",
        'channel': 'lower(trim(channel))',
        'source_file': '_ab_source_file_url',
        'updated_at': '_ab_source_file_last_modified',
    },
) }}
