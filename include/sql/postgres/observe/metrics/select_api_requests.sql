select
    labels ->> 'service' as service,
    sum(total) as requests,
    extract(epoch from clock_timestamp())::double precision as at_epoch
from metric_totals
where metric = 'api_requests_total'
group by 1
order by 1;
