insert into bronze_loads (
    source, stream, business_date, state, rows_in, rows_loaded, rows_deduplicated, rows_quarantined,
    landing_files, bytes, sha256, run_id, explanation, compression,
    rows_tied, tie_examples, list_is_empty
)
values (
    %(source)s, %(stream)s, %(business_date)s, %(state)s, %(rows_in)s, %(rows_loaded)s,
    %(rows_deduplicated)s, %(rows_quarantined)s, %(landing_files)s, %(bytes)s, %(sha256)s, %(run_id)s,
    %(explanation)s, %(compression)s, %(rows_tied)s, %(tie_examples)s,
    %(list_is_empty)s
)
on conflict (source, stream, business_date) do update set
    state = excluded.state,
    rows_in = excluded.rows_in,
    rows_loaded = excluded.rows_loaded,
    rows_deduplicated = excluded.rows_deduplicated,
    rows_quarantined = excluded.rows_quarantined,
    landing_files = excluded.landing_files,
    bytes = excluded.bytes,
    sha256 = excluded.sha256,
    run_id = excluded.run_id,
    explanation = excluded.explanation,
    compression = excluded.compression,
    rows_tied = excluded.rows_tied,
    tie_examples = excluded.tie_examples,
    list_is_empty = excluded.list_is_empty,
    loaded_at = now()
