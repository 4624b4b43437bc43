delete from night_receipts
where
    business_date = %(business_date)s
    and greatest(started_at, ended_at) < %(cutoff)s
