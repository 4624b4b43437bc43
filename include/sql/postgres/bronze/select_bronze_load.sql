select
    state,
    rows_in,
    rows_loaded,
    rows_deduplicated,
    rows_quarantined,
    landing_files,
    bytes,
    sha256,
    run_id,
    explanation,
    compression,
    rows_tied,
    tie_examples,
    list_is_empty
from bronze_loads
where
    source = %(source)s
    and stream = %(stream)s
    and business_date = %(business_date)s
