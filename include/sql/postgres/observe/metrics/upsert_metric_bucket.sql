insert into metric_buckets as known (metric, labels, bound, observations)
values (%(metric)s, %(labels)s, %(bound)s, %(observations)s)
on conflict (metric, labels, bound) do update set
    observations = known.observations + excluded.observations;
