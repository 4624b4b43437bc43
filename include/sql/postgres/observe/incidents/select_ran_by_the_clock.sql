-- Has a night been started by the clock lately?
select exists(
    select 1
    from night_receipts
    where
        run_id like %(prefix)s
        and started_at >= %(since)s
        and started_at < %(before)s
)
