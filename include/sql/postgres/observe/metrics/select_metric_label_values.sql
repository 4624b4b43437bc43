select
    metric,
    label,
    value
from metric_label_values
where metric = any(%(metrics)s);
