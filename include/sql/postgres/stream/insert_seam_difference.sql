insert into seam_differences (check_id, order_id, order_date, side, kind, detail)
values (%(check_id)s, %(order_id)s, %(order_date)s, %(side)s, %(kind)s, %(detail)s)
