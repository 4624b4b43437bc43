insert into metric_totals as known (metric, labels, observations, total)
values (%(metric)s, %(labels)s, %(observations)s, %(total)s)
on conflict (metric, labels) do update set
    observations = known.observations + excluded.observations,
    total = known.total + excluded.total;
