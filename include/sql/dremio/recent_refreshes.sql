select
    m.materialization_id,
    m.state,
    m.last_refresh_finished,
    m.last_refresh_duration_millis,
    r.reflection_name
from sys.materializations as m
inner join sys.reflections as r on m.reflection_id = r.reflection_id
