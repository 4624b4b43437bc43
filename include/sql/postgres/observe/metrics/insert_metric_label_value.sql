insert into metric_label_values (metric, label, value) values (%(metric)s, %(label)s, %(value)s)
on conflict do nothing;
