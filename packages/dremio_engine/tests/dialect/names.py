"""How columns are named and found: docs.dremio.com/current/reference/sql (SELECT, reserved words)."""

COLUMN_NAMES: list[tuple[str, list[str]]] = [
    ("select 1, 2 as b, 1 + 1", ["EXPR$0", "b", "EXPR$2"]),
    ("select count(*), sum(a) from (values (1)) as t(a)", ["EXPR$0", "EXPR$1"]),
    ("select t.a, upper('x') from (values (1)) as t(a)", ["a", "EXPR$1"]),
    ('select 1 as "Mixed Case"', ["Mixed Case"]),
    ("select 1 as Mixed", ["Mixed"]),
    ("select * from (values (1, 2)) as t(a, b)", ["a", "b"]),
]
WAYS_TO_WRITE_A = ["A", "a", '"A"', '"a"', "T.a", "t.A"]
RESERVED_WORDS = ["order", "group", "user", "value", "date", "timestamp", "from"]
WAYS_TO_ASK_WHO_ASKS = ["CURRENT_USER", "USER", "QUERY_USER()", "SESSION_USER"]
