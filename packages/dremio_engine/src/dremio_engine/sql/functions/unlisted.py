"""Functions that users bring along from other engines.

Dremio's reference (26.x) and its public function registry list none of them: a statement with one may
pass here only. This file has nothing else.

FROM_UNIXTIME is Hive's, MIN_BY and MAX_BY are Trino's.
"""

from dremio_engine.sql.functions.signature import Function, f, first

UNLISTED: dict[str, Function] = {
    # Seconds since 1970 as text, UTC.
    "FROM_UNIXTIME": f(
        "VARCHAR", "strftime(make_timestamp(CAST({0} AS BIGINT) * 1000000), '%Y-%m-%d %H:%M:%S')"
    ),
    # Where equal keys tie, any of their rows answers; rows whose key is NULL are left out.
    "MAX_BY": f(first, "arg_max_null({0}, {1})", aggregate=True),
    "MIN_BY": f(first, "arg_min_null({0}, {1})", aggregate=True),
    "UUID": f("VARCHAR", "CAST(uuid() AS VARCHAR)"),
}
