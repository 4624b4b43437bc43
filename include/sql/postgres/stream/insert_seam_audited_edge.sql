insert into seam_audited_edges (edge_date, audited_at)
values (%(edge_date)s, %(audited_at)s)
on conflict (edge_date) do nothing
