select
    business_date,
    made_at,
    state,
    at_work,
    deadline,
    p05,
    p50,
    p95,
    p_miss,
    nights_learnt,
    stage_ends,
    first_made_at,
    first_p05,
    first_p50,
    first_p95,
    paged_at,
    paged_root
from night_eta
where %(business_date)s::date is null or business_date = %(business_date)s::date
order by made_at desc, business_date desc
limit %(most)s
