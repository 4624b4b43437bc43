"""Random tables, reflections, queries and changes, as SQL texts. Columns carry NULLs, ties and duplicates."""

from dataclasses import dataclass

from hypothesis import strategies as st

TYPES = {
    "k": "int", "s": "varchar", "d": "date", "ts": "timestamp", "b": "boolean",
    "amount": "decimal(10, 2)", "n": "bigint", "x": "double",
}  # fmt: skip
KEYS = ("k", "s", "d", "ts", "b")
EXACT = ("k", "amount", "n")

_VALUES = {
    "k": st.sampled_from(["null", "1", "2", "3", "-7"]),
    "s": st.sampled_from(["null", "''", "'a'", "'A'", "'b '", "'é'"]),
    "d": st.sampled_from(["null", "date '2025-01-01'", "date '2025-01-31'", "date '2024-12-30'"]),
    "ts": st.sampled_from(
        ["null", "timestamp '2025-01-01 00:00:00'", "timestamp '2025-01-01 23:59:59.999'",
         "timestamp '2024-12-31 12:00:00'"]
    ),
    "b": st.sampled_from(["null", "true", "false"]),
    "amount": st.sampled_from(["null", "0.00", "0.10", "19.99", "-3.33", "99999999.99"]),
    "n": st.sampled_from(["null", "0", "1", "4611686018427387904", "-5"]),
    # Doubles that add up without rounding: else the order of the rows decides, with or without reflections.
    "x": st.sampled_from(["null", "0.125", "0.25", "1e9", "-1e9"]),
}  # fmt: skip


def rows(most: int = 12) -> st.SearchStrategy[str]:
    """VALUES of some rows."""
    row = st.tuples(*(_VALUES[c] for c in TYPES)).map(lambda v: f"({', '.join(v)})")
    return st.lists(row, min_size=1, max_size=most).map(", ".join)


@st.composite
def predicates(draw: st.DrawFn, columns: tuple[str, ...]) -> str:
    """A filter over some columns."""
    column = draw(st.sampled_from(columns))
    value = draw(_VALUES[column].filter(lambda v: v != "null"))
    forms = [
        f"{column} = {value}", f"{column} <> {value}", f"{column} is null", f"{column} is not null",
        f"{column} >= {value}", f"{column} < {value}", f"({column} = {value} or {column} is null)",
        f"not ({column} > {value})",
    ]  # fmt: skip
    if column == "s":
        forms += ["upper(s) = 'A'", "s like 'b%'", "s in ('a', 'b ')"]
    if column == "ts":
        forms += ["ts >= timestamp '2025-01-01 00:00:00'", "cast(ts as date) = date '2025-01-01'"]
    return draw(st.sampled_from(forms))


@st.composite
def keys(draw: st.DrawFn, columns: tuple[str, ...]) -> str:
    """Something to group by."""
    column = draw(st.sampled_from(columns))
    forms = [column]
    if column == "d":
        forms += ["date_trunc('month', d)", "extract(year from d)"]
    if column == "ts":
        forms += [
            "cast(ts as date)",
            "date_trunc('month', ts)",
            "extract(day from ts)",
            "date_trunc('hour', ts)",
        ]
    if column == "s":
        forms += ["upper(s)", "coalesce(s, '-')"]
    if column == "k":
        forms += ["k + 1", "case when k > 1 then 'many' else 'few' end"]
    return draw(st.sampled_from(forms))


@st.composite
def measures(draw: st.DrawFn) -> str:
    """An aggregate."""
    exact, key = draw(st.sampled_from(EXACT)), draw(st.sampled_from(KEYS))
    return draw(
        st.sampled_from(
            [f"sum({exact})", f"avg({exact})", "count(*)", f"count({key})", f"min({exact})", f"max({key})",
             f"count({exact})", f"count(distinct {key})", f"min({key})", f"sum({exact}) + count(*)",
             f"avg({exact}) * 2", "sum(x)", f"sum({exact} * 2)", f"sum(distinct {exact})", "max(x)"]
        )
    )  # fmt: skip


@dataclass(frozen=True)
class Query:
    """A query with a `{from_}` to fill."""

    text: str

    def over(self, relation: str) -> str:
        """The query on a relation."""
        return self.text.replace("{from_}", relation)


@st.composite
def grouped(draw: st.DrawFn) -> Query:
    """A query that groups, or aggregates everything."""
    by = draw(st.lists(keys(KEYS), max_size=2, unique=True))
    values = draw(st.lists(measures(), min_size=1, max_size=3))
    outputs = [f"{e} as g{i}" for i, e in enumerate(by)] + [f"{m} as m{i}" for i, m in enumerate(values)]
    text = f"select {', '.join(outputs)} from {{from_}} t"
    if draw(st.booleans()):
        text += f" where {draw(predicates(KEYS))}"
    if by:
        text += " group by " + ", ".join(
            draw(st.sampled_from([e, f"g{i}", str(i + 1)])) for i, e in enumerate(by)
        )
    if draw(st.integers(0, 3)) == 0:
        text += draw(
            st.sampled_from([" having count(*) > 1", " having sum(amount) > 0", " having min(k) < 3"])
        )
    if draw(st.booleans()):
        text += " order by " + ", ".join(str(i + 1) for i in range(len(outputs)))
        if draw(st.booleans()):
            text += " limit 3"
    return Query(text)


@st.composite
def plain(draw: st.DrawFn) -> Query:
    """A query for rows."""
    columns = draw(st.lists(st.sampled_from(list(TYPES)), min_size=1, max_size=4, unique=True))
    outputs = draw(
        st.sampled_from([", ".join(columns), "*", "t.*", f"{columns[0]} as {columns[-1]}z, s || 'x'"])
    )
    distinct = draw(st.sampled_from(["", "", "distinct "]))
    text = f"select {distinct}{outputs} from {{from_}} t"
    if draw(st.booleans()):
        text += f" where {draw(predicates(KEYS))}"
    return Query(text)


@st.composite
def composed(draw: st.DrawFn) -> Query:
    """Joins, unions, WITH, windows, correlated subqueries: wherever a name can stand."""
    inner = draw(grouped()).text
    join = draw(st.sampled_from(["join", "left join", "full join"]))
    return Query(
        draw(
            st.sampled_from(
                [
                    f"select t.k, u.s, count(*) c, sum(t.n) from {{from_}} t {join} {{from_}} u on t.k = u.k"
                    " and u.b group by 1, 2",
                    "select t.s, (select max(u.d) from {from_} u where u.k = t.k) m from {from_} t",
                    "select k, s from {from_} union all select k, s from {from_} where b",
                    f"select count(*) from ({inner}) q",
                    "select q.k, q.total from (select k, sum(amount) total from {from_} group by k) q"
                    " where q.total > 1",
                    "with w as (select s, n from {from_} where b) select s, sum(n) from w group by s",
                    "select s, sum(sum(amount)) over (order by s) from {from_} group by s order by 1",
                    "select k from {from_} t where exists (select 1 from {from_} u where u.d = t.d)",
                    "select distinct t.s from {from_} t where t.k in (select k from {from_} where b)",
                    "select sum(m) from (select s, avg(n) m from {from_} group by s) q",
                    "select max(k), count(*) from (select * from {from_}) v where d > date '2025-01-01'",
                    "select * from {from_} order by 1, 2, 3, 4, 5, 6, 7, 8 limit 2",
                    "select k, s from {from_} limit 1000",
                ]
            )
        )
    )


queries = st.one_of(grouped(), grouped(), grouped(), grouped(), plain(), composed())


@st.composite
def reflections(draw: st.DrawFn) -> str:
    """USING .. of a raw or aggregate reflection."""
    if draw(st.integers(0, 2)) == 0:
        shown = draw(st.lists(st.sampled_from(list(TYPES)), min_size=4, unique=True))
        shown = draw(st.sampled_from([shown, list(TYPES), list(TYPES)]))
        sort = draw(st.sampled_from(["", f" localsort by ({shown[0]})"]))
        return f"raw reflection {{name}} using display ({', '.join(shown)}){sort}"
    by = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
    wide = draw(st.sampled_from([by, list(KEYS), list(KEYS)]))
    dimensions = ", ".join(f"{c} by day" if c == "ts" and draw(st.booleans()) else c for c in wide)
    kept = draw(st.lists(st.sampled_from(EXACT), min_size=1, unique=True))
    kept = draw(st.sampled_from([kept, list(EXACT), list(EXACT)]))
    listed = ", ".join(f"{c} (sum, count, min, max)" for c in kept)
    return f"aggregate reflection {{name}} using dimensions ({dimensions}) measures ({listed})"


@st.composite
def changes(draw: st.DrawFn) -> str:
    """A statement that changes `{table}`."""
    return draw(
        st.one_of(
            rows(3).map(lambda v: f"insert into {{table}} values {v}"),
            rows(3).map(lambda v: f"insert into {{table}} values {v}"),
            predicates(KEYS).map(lambda p: f"delete from {{table}} where {p}"),
            predicates(KEYS).map(lambda p: f"update {{table}} set amount = 1.25, s = 'u' where {p}"),
        )
    )


views = st.sampled_from(
    [
        "select * from {table}",
        "select k, s, d, ts, b, amount, n, x from {table} where k is not null",
        "select t.*  from {table} as t where t.d >= date '2025-01-01' or s is null",
        "select k + 0 as k, upper(s) as s, d, ts, b, amount, n, x from {table}",
        "select q.k, q.s, q.d, q.ts, q.b, q.amount, q.n, q.x from (select * from {table} where b) q",
        "select t.k, u.s, t.d, t.ts, t.b, t.amount, u.n, u.x from {table} t join {table} u on t.k = u.k",
    ]
)
