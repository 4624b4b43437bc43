select exists(
    select 1
    from pg_logical_slot_peek_binary_changes(
        %(slot)s, null, 1, 'proto_version', '1', 'publication_names', %(publication)s
    )
) as has_changes
