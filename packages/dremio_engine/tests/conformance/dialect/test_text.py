"""Text, conditions, semi-structured values, aggregates.

Values and types: docs.dremio.com/current/reference/sql/sql-functions/functions/<NAME>.
"""

from tests.conformance.dialect.case import BIGINT, BOOLEAN, INTEGER, VARCHAR, Case, table
from tests.conformance.dialect.conftest import Read


@table(
    Case("ilike('pancake', '%Cake')", True, BOOLEAN),
    Case("ilike('50%_Off', '%50!%%', '!')", True, BOOLEAN),
    Case("'pancake' like '%Cake'", False, BOOLEAN),
    Case("like('pancake', '%cake')", True, BOOLEAN),
    Case("substring('Dremio Lakehouse', 8)", "Lakehouse", VARCHAR),
    Case("substring('Dremio Lakehouse' from 8)", "Lakehouse", VARCHAR),
    Case("substring('base expression', 6, 4)", "expr", VARCHAR),
    Case("substr('base expression', 6)", "expression", VARCHAR),
    Case("left('Dremio - SQL Engine', -12)", "Dremio ", VARCHAR),
    Case("left('Dremio - SQL Engine', 6)", "Dremio", VARCHAR),
    Case("right('Dremio - SQL Engine', 6)", "Engine", VARCHAR),
    Case("split_part('127.0.0.1', '.', 1)", "127", VARCHAR),
    Case("split_part('127.0.0.1', '.', 9)", "", VARCHAR),
    Case("length('DremioUser')", 10, INTEGER),
    Case("char_length('DremioUser')", 10, INTEGER),
    Case("position('an' in 'banana')", 2, INTEGER),
    Case("position('z' in 'banana')", 0, INTEGER),
    Case("locate('an', 'banana', 3)", 4, INTEGER),
    Case("strpos('banana', 'an')", 2),
    Case("upper('aPple')", "APPLE", VARCHAR),
    Case("lower('A GUIDE')", "a guide", VARCHAR),
    Case("initcap('a guide to data lakehouses')", "A Guide To Data Lakehouses", VARCHAR),
    Case("trim('  x  ')", "x", VARCHAR),
    Case("trim(leading 'x' from 'xxyx')", "yx", VARCHAR),
    Case("ltrim('pancake', 'pan')", "cake", VARCHAR),
    Case("rtrim('pancake', 'cake')", "pan", VARCHAR),
    Case("btrim('pancake', 'pe')", "ancak", VARCHAR),
    Case("lpad('parameter', 11, '-')", "--parameter", VARCHAR),
    Case("rpad('dremio', 8, 'x')", "dremioxx", VARCHAR),
    Case("replace('THE CATATONIC CAT', 'CAT', 'DOG')", "THE DOGATONIC DOG", VARCHAR),
    Case("reverse('Hello, world!')", "!dlrow ,olleH", VARCHAR),
    Case("repeat('abc', 3)", "abcabcabc", VARCHAR),
    Case("concat('CONCAT', 'ENATE')", "CONCATENATE", VARCHAR),
    Case("concat('a', cast(null as varchar), 'b')", "ab", VARCHAR),
    Case("'a' || 'b'", "ab", VARCHAR),
    Case("'a' || cast(null as varchar)", None, VARCHAR),
    Case("concat_ws('-', 'a', 'b', 'c')", "a-b-c", VARCHAR),
    Case("regexp_replace('5.44', '[.]', ',')", "5,44", VARCHAR),
    Case("regexp_like('the data lakehouse', '.*?\\Qlake\\E.*?')", True, BOOLEAN),
    Case("regexp_extract('CVE-2021-44228', '[0-9]+', 0)", "2021", VARCHAR),
    Case("starts_with('google.com', 'goo')", True, BOOLEAN),
    Case("ends_with('google.com', '.com')", True, BOOLEAN),
    Case("ascii('DREMIO')", 68, INTEGER),
    Case("chr(72)", "H", VARCHAR),
    Case("md5('Dremio')", "288e0e9ab8b8ac8737afefecf16f61fd", VARCHAR),
    Case("levenshtein('kitten', 'sitting')", 3, INTEGER),
)
def test_text(read: Read, case: Case) -> None:
    case.check(read(case.query))


@table(
    Case("coalesce(cast(null as integer), 3)", 3, INTEGER),
    Case("nullif(1, 1)", None, INTEGER),
    Case("nvl(cast(null as integer), 5)", 5, INTEGER),
    Case("case when 1 = 2 then 'a' end", None, VARCHAR),
    Case("case 2 when 1 then 'a' when 2 then 'b' end", "b", VARCHAR),
    Case("1 is distinct from null", True, BOOLEAN),
    Case("null is not distinct from null", True, BOOLEAN),
    Case("not (true and null)", None),
    Case("cast(null as varchar) = 'x'", None, BOOLEAN),
    Case("'a' in ('a', 'b')", True, BOOLEAN),
    Case("2 between 1 and 3", True, BOOLEAN),
)
def test_conditions(read: Read, case: Case) -> None:
    case.check(read(case.query))


@table(
    Case("convert_from('[\"apple\", \"strawberry\"]', 'json')", [["apple", "strawberry"]]),
    Case('convert_from(\'{"name":"Gnarly", "age":7}\', \'json\')', {"name": "Gnarly", "age": 7}),
    Case("convert_from(convert_to('x', 'UTF8'), 'UTF8')", "x", VARCHAR),
    Case("array[1, 2, 3]", [[1, 2, 3]]),
    Case(
        'select flatten(convert_from(\'["Ford", "BMW", "Fiat"]\', \'json\'))',
        ["Ford", "BMW", "Fiat"],
        VARCHAR,
    ),
    Case("select flatten(a) from (values (array[1, 2])) as t(a)", [1, 2]),
    Case("select t.s['name'] from (select convert_from('{\"name\":\"x\"}', 'json') as s) as t", "x", VARCHAR),
    Case("select t.l[1] from (select array[10, 20] as l) as t", 20),
    Case("array_contains(array[1, 2], 2)", True, BOOLEAN),
    Case("cardinality(array[1, 2, 3])", 3),
)
def test_semi_structured_values(read: Read, case: Case) -> None:
    case.check(read(case.query))


ROWS = "(values (1, 'a', 10), (2, 'b', 20), (3, 'b', 30), (4, cast(null as varchar), 40)) as t(id, k, v)"


@table(
    Case(f"select count(k) from {ROWS}", 3, BIGINT),
    Case(f"select count(distinct k) from {ROWS}", 2, BIGINT),
    Case(f"select ndv(k) from {ROWS}", 2, BIGINT),
    Case(f"select approx_count_distinct(k) from {ROWS}", 2, BIGINT),
    Case(f"select listagg(k, ',') within group (order by k desc) from {ROWS}", "b,b,a", VARCHAR),
    Case(f"select listagg(distinct k, '|') within group (order by k) from {ROWS}", "a|b", VARCHAR),
    Case(f"select max(v) filter (where k = 'b') from {ROWS}", 30),
    Case(f"select sum(v) from {ROWS} group by k having count(*) > 1", 50, BIGINT),
    Case(f"select median(v) from {ROWS}", 25.0),
    Case(f"select stddev_pop(v) from {ROWS}", 11.180339887498949),
    Case(f"select bit_or(id) from {ROWS}", 7),
    Case(
        f"select row_number() over (partition by k order by v desc) from {ROWS} where k = 'b' order by v",
        [2, 1],
    ),
    Case(f"select lag(v) over (order by id) from {ROWS} order by id", [None, 10, 20, 30]),
    Case(
        f"select sum(v) over (order by id rows between 1 preceding and current row) from {ROWS} order by id",
        [10, 30, 50, 70],
    ),
    Case(f"select id from {ROWS} qualify row_number() over (order by v desc) = 1", 4),
    Case(f"select sum(v) from {ROWS} group by rollup(k) order by 1", [10, 40, 50, 100]),
)
def test_aggregates_and_windows(read: Read, case: Case) -> None:
    case.check(read(case.query))
