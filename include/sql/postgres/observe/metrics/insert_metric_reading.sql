insert into metric_readings (metric, labels, source, value)
values (%(metric)s, %(labels)s, %(source)s, %(value)s);
