"""How columns are named and found: docs.dremio.com/current/reference/sql (SELECT, reserved words)."""

COLUMN_NAMES: list[tuple[str, list[str]]] = [
    ("select 1, 2 as b, 1 + 1", ["EXPR$0", "b", "EXPR$2"]),
    ("select count(*), sum(a) from (values (1)) as t(a)", ["EXPR$0", "EXPR$1"]),
    ("select t.a, upper('x') from (values (1)) as t(a)", ["a", "EXPR$1"]),
    ('select 1 as "Mixed Case"', ["Mixed Case"]),
    ("select 1 as Mixed", ["Mixed"]),
    ("select * from (values (1, 2)) as t(a, b)", ["a", "b"]),
    ("values (1, 'a')", ["EXPR$0", "EXPR$1"]),
    ("values (2), (1) order by 1 limit 1", ["EXPR$0"]),
    ("values (1) union all select 2 as b", ["EXPR$0"]),
    ("select * from (values (1, 2))", ["EXPR$0", "EXPR$1"]),
    ("select * from (values (1, 2)) as t", ["EXPR$0", "EXPR$1"]),
    ('select t."EXPR$1" as b, "EXPR$0" from (values (1, 2)) as t', ["b", "EXPR$0"]),
    ("with w as (values (1)) select * from w", ["EXPR$0"]),
    ("with w as (select 1, 2 as b) select * from w", ["EXPR$0", "b"]),
    ("select (values (1))", ["EXPR$0"]),
    ("select {d '2025-01-31'}, {fn upper('a')} as u", ["EXPR$0", "u"]),
]
WAYS_TO_WRITE_A = ["A", "a", '"A"', '"a"', "T.a", "t.A"]
RESERVED_WORDS = ["order", "group", "user", "value", "date", "timestamp", "from"]
WAYS_TO_ASK_WHO_ASKS = ["CURRENT_USER", "USER", "QUERY_USER()", "SESSION_USER"]
