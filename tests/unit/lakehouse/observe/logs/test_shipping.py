"""Every line arrives once, whatever happens to files, sinks and the shipper."""

from __future__ import annotations

import base64
import os
import random
from pathlib import Path

import pytest

from lakehouse.observe.logs import records
from tests.unit.lakehouse.observe.logs.log_doubles import FakeShipper, FakeSink, line

SECRET = "L7f00baarf00baarf00baar"


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def shipper(tmp_path: Path, sink: FakeSink) -> FakeShipper:
    return FakeShipper(tmp_path, sink, secrets=[SECRET])


def numbers(sink: FakeSink) -> list[int]:
    return [int(message.rsplit(" ", 1)[1]) for message in sink.messages]


def test_lines_arrive_once_and_in_order(shipper: FakeShipper, sink: FakeSink) -> None:
    for start in range(0, 50, 10):
        shipper.write("".join(map(line, range(start, start + 10))))
        shipper.round()
    shipper.round_when_settled()
    shipper.round_when_settled()
    assert numbers(sink) == list(range(50))
    assert len(sink.documents) == 50


def test_a_restart_sends_nothing_again(shipper: FakeShipper, sink: FakeSink) -> None:
    shipper.write("".join(map(line, range(20))))
    shipper.round_when_settled()
    sent = len(sink.batches)
    shipper.restart()
    shipper.round_when_settled()
    assert len(sink.batches) == sent


def test_killed_between_storing_and_remembering_it_sends_the_same_batch_again(
    shipper: FakeShipper, sink: FakeSink
) -> None:
    shipper.write("no moment in this line\n" + "".join(map(line, range(20))))
    sink.dies_after_storing = True
    with pytest.raises(KeyboardInterrupt):
        shipper.round_when_settled()
    sink.dies_after_storing = False
    shipper.write("".join(map(line, range(20, 40))))  # the file has grown meanwhile
    shipper.restart()
    shipper.round_when_settled()
    assert sink.batches[0] == sink.batches[1]  # the same name, byte for byte
    assert len(sink.documents) == 41
    assert sink.messages[0] == "no moment in this line"
    assert [int(message.rsplit(" ", 1)[1]) for message in sink.messages[1:]] == list(range(40))


def test_a_sink_that_is_away_holds_up_no_other_and_loses_nothing(tmp_path: Path) -> None:
    away, here = FakeSink("away"), FakeSink("here")
    shipper = FakeShipper(tmp_path, here, away)
    away.away = True
    for start in range(0, 40, 10):
        shipper.write("".join(map(line, range(start, start + 10))))
        shipper.files.scan()
        shipper.settle()
        while shipper.shippings[0].once():
            pass
        with pytest.raises(Exception, match="no answer"):
            shipper.shippings[1].once()
    assert numbers(here) == list(range(40))
    shipper.restart()
    away.away = False
    shipper.round_when_settled()
    assert numbers(away) == list(range(40))


def test_a_rotated_file_is_read_to_its_end_and_not_again(shipper: FakeShipper, sink: FakeSink) -> None:
    path = shipper.write("".join(map(line, range(10))))
    shipper.round()
    shipper.write("".join(map(line, range(10, 15))))
    path.rename(path.with_name("engine.log.1"))
    shipper.write("".join(map(line, range(15, 30))))
    shipper.round_when_settled()
    (path.with_name("engine.log.1")).rename(path.with_name("engine.log.2"))
    path.rename(path.with_name("engine.log.1"))
    shipper.write("".join(map(line, range(30, 35))))
    shipper.round_when_settled()
    assert sorted(numbers(sink)) == list(range(35))
    assert len(sink.documents) == 35


def test_a_truncated_file_is_another_file(shipper: FakeShipper, sink: FakeSink) -> None:
    path = shipper.write("".join(map(line, range(20))))
    shipper.round_when_settled()
    os.truncate(path, 0)
    shipper.files.scan()
    shipper.write("".join(map(line, range(100, 105))))
    shipper.round_when_settled()
    assert sorted(numbers(sink)) == [*range(20), *range(100, 105)]


def test_a_file_that_is_truncated_and_begins_with_the_same_line_loses_none(
    shipper: FakeShipper, sink: FakeSink
) -> None:
    path = shipper.write("banner\n" + "".join(map(line, range(20))))
    shipper.round_when_settled()
    os.truncate(path, 0)
    shipper.write("banner\n" + line(99))
    shipper.round_when_settled()
    assert len(sink.documents) == 23
    assert sink.messages.count("banner") == 2


def test_a_replaced_file_is_another_file_also_with_the_same_inode(
    shipper: FakeShipper, sink: FakeSink
) -> None:
    path = shipper.write("".join(map(line, range(5))))
    shipper.round_when_settled()
    path.write_text("".join(map(line, range(50, 90))))  # the same inode, longer than before
    os.utime(path, (2**31, 2**31))
    shipper.round_when_settled()
    assert sorted(numbers(sink)) == [*range(5), *range(50, 90)]


def test_a_file_that_is_deleted_while_a_sink_is_away_is_still_sent(
    shipper: FakeShipper, sink: FakeSink
) -> None:
    path = shipper.write("".join(map(line, range(20))))
    shipper.files.scan()
    sink.away = True
    with pytest.raises(Exception, match="no answer"):
        shipper.shippings[0].once(flush=True)
    path.unlink()
    shipper.files.scan()
    sink.away = False
    shipper.round()
    shipper.round()
    assert numbers(sink) == list(range(20))
    assert shipper.files.all() == []
    assert shipper.cursors.identities() == []


def test_what_is_lost_is_counted(shipper: FakeShipper, sink: FakeSink) -> None:
    sink.away = True
    path = shipper.write("".join(map(line, range(20))))
    shipper.files.scan()
    with pytest.raises(Exception, match="no answer"):
        shipper.shippings[0].once(flush=True)
    size = path.stat().st_size
    shipper.restart()
    path.unlink()
    shipper.files.scan()
    assert 0 < shipper.cursors.counters()["memory.lost_bytes"] <= size


def test_a_partial_last_line_waits_for_its_end(shipper: FakeShipper, sink: FakeSink) -> None:
    whole = line(1, "a longer message")
    shipper.write(whole[:40])
    shipper.round()
    assert sink.documents == {}
    shipper.write(whole[40:])
    shipper.round_when_settled()
    assert sink.messages == [whole.rstrip()]


def test_a_refused_document_is_kept_and_counted_and_the_others_go_on(
    shipper: FakeShipper, sink: FakeSink
) -> None:
    sink.refuses = {"poison"}
    shipper.write(line(1) + line(2, "poison") + line(3))
    shipper.round_when_settled()
    assert numbers(sink) == [1, 3]
    [letter] = shipper.cursors.dead_letters()
    assert letter["reason"] == "mapper_parsing_exception"
    assert "poison" in letter["document"]
    assert shipper.cursors.counters()["memory.dead_letters"] == 1
    assert shipper.cursors.counters()["memory.documents"] == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02" * 100 + b"\n",
        bytes(random.Random(1).randbytes(3000)).replace(b"\n", b" ") + b"\n",
        b"\xff\xfe" + "utf-16".encode("utf-16-le") + b"\n",
        b"{" * 10_000 + b"\n",
        b"\n\n   \n\t\n",
        b"x" * 1_048_576 + b"\n",
        b'{"timestamp":"2999-01-01T00:00:00Z","event":"far future"}\n',
        b'{"timestamp":"0001-01-01T00:00:00Z","event":"far past"}\n',
        b'{"event":"' + b"\\u0000" * 10 + b'x","level":{"a":1},"timestamp":[]}\n',
        "2026-11-29 00:00:00 INFO ünïcödé \ud83d".encode("utf-8", "surrogatepass") + b"\n",
    ],
)
def test_no_line_stops_those_behind_it(shipper: FakeShipper, sink: FakeSink, raw: bytes) -> None:
    shipper.write(line(1).encode() + raw + line(2).encode())
    shipper.round_when_settled()
    assert {line(1).rstrip(), line(2).rstrip()} <= {message.split("\n")[0] for message in sink.messages}
    days = {entry["timestamp"][:4] for entry in sink.documents.values()}
    assert days <= {"2026", "2025", "2027"}  # a broken clock makes no index of its own


def test_a_line_of_a_megabyte_arrives_whole(shipper: FakeShipper, sink: FakeSink) -> None:
    shipper.write(line(1, "y" * 1_000_000))
    shipper.round_when_settled()
    [message] = sink.messages
    assert len(message) > 1_000_000


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        f"Authorization: Bearer {SECRET}",
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        f"postgresql://u:{SECRET}@h/db",
        f'{{"event": "password {SECRET}", "user": "{SECRET}"}}',
        "\x1b[1m" + SECRET[:5] + "\x1b[0m" + SECRET[5:],
        SECRET[:7] + "\x00" + SECRET[7:],
        SECRET.replace("f", "\\u0066"),
    ],
)
def test_a_secret_is_never_sent(shipper: FakeShipper, sink: FakeSink, shown: str) -> None:
    text = shown + "\n" if shown.startswith("{") else line(1, shown)
    shipper.write(text)
    shipper.round_when_settled()
    sent = b"".join(body for _, body in sink.batches).decode()
    assert sent
    if "\\u0066" not in shown:
        assert "***" in sent
    assert SECRET not in sent
    assert base64.b64encode(SECRET.encode()).decode()[4:-4] not in sent
    assert base64.b64encode(f"user:{SECRET}".encode()).decode()[8:-4] not in sent


def test_a_secret_at_the_edge_of_a_part_is_never_sent(
    shipper: FakeShipper, sink: FakeSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LONGEST_RECORD", 1000)
    for shift in range(0, 60, 3):
        shipper.write("z" * (960 + shift) + SECRET + "z" * 1500 + "\n", f"{shift}.log")
    shipper.round_when_settled()
    sent = "".join(sink.messages)
    assert sent.count("z") > 40_000
    assert not [at for at in range(len(SECRET) - 5) if SECRET[at : at + 5] in sent]


def test_a_secret_that_is_written_in_two_goes_is_never_sent(shipper: FakeShipper, sink: FakeSink) -> None:
    shipper.write("2026-11-29 02:00:00 INFO the key is " + SECRET[:11])
    shipper.round_when_settled()
    assert len(sink.documents) == 1  # nothing came for a minute: the line is taken as it is
    shipper.write(SECRET[11:] + " and more\n" + line(5))
    shipper.round_when_settled()
    sent = "".join(sink.messages)
    assert "and more" in sent
    assert SECRET[:6] not in sent
    assert SECRET[-6:] not in sent


def test_lines_without_a_moment_take_that_of_the_line_before(shipper: FakeShipper, sink: FakeSink) -> None:
    shipper.write('{"timestamp": "2026-11-28T23:59:59Z", "event": "first"}\n{"event": "second"}\n')
    shipper.round()
    shipper.write('{"event": "third"}\n')
    shipper.restart()
    shipper.round()
    assert {entry["timestamp"] for entry in sink.documents.values()} == {"2026-11-28T23:59:59.000Z"}


def test_dbts_error_of_several_lines_is_one_entry(tmp_path: Path, sink: FakeSink) -> None:
    shipper = FakeShipper(tmp_path, sink, service="airflow")
    base = '{"timestamp":"2026-11-29T02:00:00Z","logger":"cosmos.hooks.subprocess","event":"%s"}\n'
    lines = ["04:56:49  Database Error in model x", "  column y is unknown", "04:56:50  Done."]
    name = "dag_id=transform_marts/run_id=a:b/task_id=g.build_x/map_index=3/attempt=2.log"
    shipper.write("".join(base % each for each in lines), name)
    shipper.round()
    first, second = sink.documents.values()
    assert first["message"] == "04:56:49  Database Error in model x\n  column y is unknown"
    assert (first["level"], first["service"]) == ("ERROR", "dbt")
    assert second["message"] == "04:56:50  Done."
    expected = {
        "stage": "transform_marts",
        "run_id": "a:b",
        "task": "g.build_x",
        "map_index": 3,
        "attempt": 2,
    }
    assert expected.items() <= first.items()


def test_a_hundred_files_and_a_busy_writer(shipper: FakeShipper, sink: FakeSink) -> None:
    rng = random.Random(3)
    written = 0
    for _ in range(12):
        for _ in range(10):
            shipper.write(line(written), f"{rng.randrange(100)}.log")
            written += 1
        shipper.round()
        if rng.random() < 0.2:
            shipper.restart()
    shipper.round_when_settled()
    assert sorted(numbers(sink)) == list(range(written))
