"""Readers while a table is written: each sees all of a change or nothing of it, and none waits for it."""

import threading

from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess

READERS = 32
MERGES = 4
ROWS = 20_000
DIGITS = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) as t(n)"


def test_thirty_two_readers_see_every_merge_whole_or_not_at_all(
    engine: EngineProcess, client: Client
) -> None:
    client.sql(f"create table marts.tens as select * from {DIGITS}")
    client.sql(
        "create table marts.watched as select a.n + 10*b.n + 100*c.n + 1000*d.n + 10000*e.n as id, 0 as v"
        " from marts.tens a cross join marts.tens b cross join marts.tens c cross join marts.tens d"
        " cross join (select n from marts.tens where n < 2) e"
    )
    over = threading.Event()
    started = threading.Barrier(READERS + 1)
    seen: list[tuple[int, int, int]] = []
    failures: list[Exception] = []

    def read() -> None:
        connection = flight.FlightClient(engine.flight_url)
        # One login for all: the engine bounds how many passwords it checks at once.
        token = client.http.headers["Authorization"].removeprefix("_dremio")
        options = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
        sql = "select count(*) as n, min(v) as low, max(v) as high from marts.watched"
        started.wait(60)
        while True:
            last = over.is_set()
            try:
                info = connection.get_flight_info(flight.FlightDescriptor.for_command(sql), options)
                (row,) = connection.do_get(info.endpoints[0].ticket, options).read_all().to_pylist()
                seen.append((row["n"], row["low"], row["high"]))
            except Exception as error:  # noqa: BLE001 - whatever a reader meets is the finding
                failures.append(error)
                return
            if last:
                return

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    started.wait(60)
    for version in range(1, MERGES + 1):
        rows = client.sql(
            f"merge into marts.watched as t using (select id, {version} as v from marts.watched) as s"
            " on (t.id = s.id) when matched then update set v = s.v"
            " when not matched then insert (id, v) values (s.id, s.v)"
        )
        assert rows == [{"Records": ROWS}]
    over.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert len(seen) >= READERS
    assert {n for n, _, _ in seen} == {ROWS}
    assert all(low == high for _, low, high in seen), "a reader saw half of a MERGE"
    assert (ROWS, MERGES, MERGES) in seen
    assert len({low for _, low, _ in seen}) > 1, "nobody read while the merges ran"
