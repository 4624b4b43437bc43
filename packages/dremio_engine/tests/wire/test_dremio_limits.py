"""What one statement may take, and how one that breaks halfway through its rows ends."""

from collections.abc import Iterator

import pytest

from testing.engine_on_the_wire import EngineProcess, StatementFailed

ROWS = 200_000


@pytest.fixture(scope="module")
def small_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that gives out 1 MiB per statement, with a table of many rows on disk."""
    process = EngineProcess(tmp_path_factory.mktemp("small"))
    process.start(DREMIO_RESULT_BYTES=str(1 << 20))
    client = process.client()
    source = {
        "entityType": "source",
        "type": "NAS",
        "name": "disk",
        "config": {"path": f"{process.state}/nas"},
    }
    assert client.create(source).status_code == 200
    digits = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
    joined = ", ".join(f"{digits} as t{i}(d{i})" for i in range(5))
    number = " + ".join(f"d{i} * {10**i}" for i in range(5))
    client.sql(f"create table disk.many as select {number} as n from {joined}")
    client.sql("insert into disk.many select n + 100000 from disk.many")
    yield process
    process.stop()


def test_a_result_beyond_the_limit_ends_the_statement_and_not_the_engine(small_engine: EngineProcess) -> None:
    client = small_engine.client()
    with pytest.raises(StatementFailed, match="larger than 1 MiB: select less"):
        client.sql("select n, n + 1, n + 2 from disk.many")
    with pytest.raises(StatementFailed, match="larger than 1 MiB"):
        client.sql("select repeat('a', 60000) from disk.many where n < 100")
    with pytest.raises(StatementFailed, match="longer than 65536 characters"):
        client.sql("select length(repeat('a', 2000000000))")
    assert client.value("select count(*) from disk.many") == ROWS


def test_an_error_in_a_late_row_is_told_in_dremios_words(small_engine: EngineProcess) -> None:
    late = f"case when n = {ROWS - 1} then 'x' else '1' end"
    with pytest.raises(StatementFailed, match="EXECUTION ERROR: Failed to cast the string x to INTEGER"):
        small_engine.client().sql(f"select cast({late} as integer) from disk.many where n % 2 = 1")
