insert into serving_edge (business_date, source_lsn)
values (%(business_date)s, %(source_lsn)s)
