update stream_tracers set
    landed_at = coalesce(landed_at, moment.at),
    bronze_at = coalesce(bronze_at, moment.at),
    hot_at = coalesce(hot_at, moment.at),
    charted_at = moment.at,
    charted_number = nextval('stream_tracers_charted_number'),
    lost_at = null
from (select clock_timestamp() as at) as moment
where tracer_id = any(%(tracer_ids)s) and charted_at is null
