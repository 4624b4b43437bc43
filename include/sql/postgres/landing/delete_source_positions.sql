-- A date gives its claims back: until the next sync nobody has them, so what was noted since does not hold.
delete from source_positions
where
    source = %(source)s
    and recorded_at >= (
        select min(own.recorded_at)
        from source_positions as own
        where
            own.source = %(source)s
            and own.business_date = %(business_date)s
    )
