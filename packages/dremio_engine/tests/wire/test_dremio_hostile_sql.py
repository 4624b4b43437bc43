"""Nothing outside the registered sources is reachable through SQL, however it is written."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.wire.hostile_sql import HOSTILE, READERS

from testing.engine_on_the_wire import Client, EngineProcess, StatementFailed

CANARY = "the-canary-sings-7f3a"


class Outside:
    """Files beside the engine's: one to be read, none to be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file, self.target = folder / "outside.csv", folder / "written"
        self.file.write_text(f"content,size\n{CANARY},1\n")
        self.before = self._listing()

    def fill(self, sql: str) -> str:
        """The statement about these files."""
        names = {"file": self.file, "target": self.target, "folder": self.folder, "name": self.file.name}
        for name, value in names.items():
            sql = sql.replace("{" + name + "}", str(value))
        return sql

    def assert_untouched(self) -> None:
        assert self._listing() == self.before
        assert self.file.read_text() == f"content,size\n{CANARY},1\n"

    def _listing(self) -> set[str]:
        return {p.name for p in self.folder.iterdir()}


@pytest.fixture(scope="module")
def hostile_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with a source on disk, a table, a view and a space."""
    process = EngineProcess(tmp_path_factory.mktemp("hostile"))
    process.start()
    client = process.client()
    config = {"path": f"{process.state}/nas"}
    source = {"entityType": "source", "type": "NAS", "name": "disk", "config": config}
    assert client.create(source).status_code == 200
    assert client.create({"entityType": "space", "name": "work"}).status_code == 200
    client.sql("create table disk.kept as select 'x' as a")
    client.sql("create view work.kept_view as select a from disk.kept")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    return Outside(tmp_path_factory.mktemp("outside"))


@pytest.fixture(scope="module")
def hostile_client(hostile_engine: EngineProcess) -> Client:
    return hostile_engine.client()


def assert_intact(client: Client) -> None:
    """The lake is as the fixture made it, and the engine's locks still hold."""
    assert client.sql("select a from work.kept_view") == [{"a": "x"}]
    schemas = {row["SCHEMA_NAME"] for row in client.sql("select * from information_schema.schemata")}
    assert schemas == {"@lakehouse", "INFORMATION_SCHEMA", "disk", "sys", "work"}
    tables = client.sql("select table_name from information_schema.\"tables\" where table_schema = 'disk'")
    assert [row["table_name"] for row in tables] == ["kept"]


@pytest.mark.parametrize("sql", HOSTILE, ids=[re.sub(r"\W+", "_", s)[:60] for s in HOSTILE])
def test_a_hostile_statement_is_refused_and_tells_nothing(
    hostile_client: Client, outside: Outside, sql: str
) -> None:
    with pytest.raises(StatementFailed) as refused:
        hostile_client.sql(outside.fill(sql))
    assert CANARY not in str(refused.value)
    assert "SYSTEM ERROR" not in str(refused.value)
    outside.assert_untouched()


def test_everything_is_as_before_the_hostile_statements(hostile_client: Client, outside: Outside) -> None:
    assert_intact(hostile_client)
    outside.assert_untouched()


def test_a_view_or_reflection_made_by_rest_is_no_way_around(hostile_client: Client, outside: Outside) -> None:
    for sql in READERS:
        body = {
            "entityType": "dataset",
            "type": "VIRTUAL_DATASET",
            "path": ["work", "stolen"],
            "sql": outside.fill(sql),
        }
        answer = hostile_client.create(body)
        assert answer.status_code == 400, (sql, answer.text)
        assert CANARY not in answer.text
    dataset = hostile_client.by_path("disk", "kept")["id"]
    for field in ("getenv('HOME')", "a\", getenv('HOME') as \"b", "read_text('/etc/hostname')"):
        body = {"type": "RAW", "name": "r", "datasetId": dataset, "enabled": True}
        answer = hostile_client.http.post(
            "/api/v3/reflection", json=body | {"displayFields": [{"name": field}]}
        )
        assert answer.status_code == 400, answer.text
    wiki = f"/api/v3/catalog/{dataset}/collaboration/wiki"
    text = "'); drop table wikis; --"
    assert hostile_client.http.post(wiki, json={"text": text}).status_code == 200
    assert hostile_client.http.get(wiki).json()["text"] == text
    assert_intact(hostile_client)


WORD = re.compile(r"[A-Za-z_]+|'[^']*'|\"[^\"]*\"|\s+|.", re.DOTALL)
BETWEEN = st.sampled_from([" ", "\n", "\t", " /**/ ", " /* ' */ ", " --x\n", "\u00a0", "  "])
FORMS = [str, str.upper, str.title, str.swapcase, '"{}"'.format, "`{}`".format]
WRAPPED = st.sampled_from(
    [
        "{}",
        "({})",
        "select * from ({}) q",
        "with c as ({}) select * from c",
        "select * from (select * from ({}) a) b",
        "select 1 where exists ({})",
        "select ({})",
        "create table disk.fuzzed as {}",
        "create view work.fuzzed as {}",
        "insert into disk.kept {}",
        "explain plan for {}",
        "{} union all select 'x'",
        "select 'x' union all {}",
        "delete from disk.kept where a in ({})",
        "merge into disk.kept t using ({}) s on false when not matched then insert values (s.a)",
    ]
)


@st.composite
def variants(draw: st.DrawFn) -> str:
    """A reader of files in another case, quoted, with comments between its words, wrapped."""
    words = []
    for word in WORD.findall(draw(st.sampled_from(READERS))):
        if word.isspace():
            words.append(draw(BETWEEN))
        elif re.fullmatch(r"[A-Za-z_]+", word):
            form = draw(
                st.sampled_from([str, str.upper, str.title, str.swapcase, '"{}"'.format, "`{}`".format])
            )
            quotes = draw(st.booleans()) or word.lower() in ("select", "from", "with", "as")
            words.append(form(word) if not (quotes and form(word)[:1] in '"`') else word.upper())
        else:
            words.append(word + draw(st.sampled_from(["", "", "", " ", "/**/"])))
    sql = "".join(words)
    for _ in range(draw(st.integers(0, 2))):
        sql = draw(WRAPPED).replace("{}", sql)
    return sql + draw(st.sampled_from(["", "", ";", " -- end", ";;", "; select 1"]))


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sql=variants())
def test_no_variant_reads_anything_outside(hostile_client: Client, outside: Outside, sql: str) -> None:
    job = hostile_client.submit(outside.fill(sql))
    status = hostile_client.wait(job)
    told = str(status)
    if status["jobState"] == "COMPLETED":
        told += hostile_client.http.get(f"/api/v3/job/{job}/results").text
    assert CANARY not in told.replace(outside.fill(sql), "")
    assert "SYSTEM ERROR" not in told
    outside.assert_untouched()
