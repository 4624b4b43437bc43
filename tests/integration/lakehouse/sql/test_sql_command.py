"""bin/sql against a real engine: exact rows, Dremio's own words, and a large result in little memory."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from testing.embedded_platform import EmbeddedPlatform
from testing.repository import ROOT

DIGITS = "(values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) "
TABLES = ", ".join(f"{DIGITS}{name}(x)" for name in "abcdef")
MILLION = f"select a.x as n, rpad('row', 60, '.') as filling from {TABLES}"
COMMAND_SECONDS = 120
PEAK = """
import os, resource, subprocess, sys
with open(os.devnull, "wb") as nowhere:
    done = subprocess.run(sys.argv[1:], stdout=nowhere, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture(scope="module")
def platform(embedded_platform: EmbeddedPlatform) -> EmbeddedPlatform:
    embedded_platform.up("dremio")
    return embedded_platform


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "embedded.command", "lakehouse.sql", *arguments]


def environment(platform: EmbeddedPlatform) -> dict[str, str]:
    """Without the connections that tests of other folders have given to their process."""
    own = {name: value for name, value in platform.environ.items() if not name.startswith("AIRFLOW_CONN_")}
    return own | {"PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}", "GRPC_VERBOSITY": "NONE"}


def sql(
    platform: EmbeddedPlatform, *arguments: str, given: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """The command as bin/sql runs it, without a terminal."""
    return subprocess.run(
        command(*arguments),
        env=environment(platform) | variables,
        input=given,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def test_the_values_of_a_result_arrive_exactly(platform: EmbeddedPlatform) -> None:
    statement = (
        "select cast('12345678901234567890.123456789' as decimal(38, 9)) as amount, "
        "9223372036854775807 as big, '' as nothing, cast(null as varchar) as missing, "
        "timestamp '2025-10-16 01:02:03.456' as at_time, 'it''s \"x\", y' as words;"
    )
    told = sql(platform, statement)
    assert (told.returncode, told.stderr) == (0, "")
    heading, line = told.stdout.splitlines()
    assert heading == '"amount","big","nothing","missing","at_time","words"'
    assert line == (
        '12345678901234567890.123456789,9223372036854775807,"",,2025-10-16 01:02:03.456,"it\'s ""x"", y"'
    )
    [row] = [
        json.loads(line, parse_float=Decimal)
        for line in sql(platform, "--json", statement).stdout.splitlines()
    ]
    assert row == {
        "amount": Decimal("12345678901234567890.123456789"),
        "big": 2**63 - 1,
        "nothing": "",
        "missing": None,
        "at_time": "2025-10-16T01:02:03.456",
        "words": 'it\'s "x", y',
    }


def test_a_table_that_nobody_limited_says_that_there_is_more(platform: EmbeddedPlatform) -> None:
    told = sql(platform, "--table", f"select a.x from {DIGITS} a(x), {DIGITS} b(x), {DIGITS} c(x)")
    assert told.returncode == 0
    assert len(told.stdout.splitlines()) == 2 + 100
    assert told.stderr == "the first 100 rows: --limit 0 shows all, --csv and --json write them\n"
    limited = sql(platform, "--limit", "7", "--csv", f"select a.x from {DIGITS} a(x)")
    assert len(limited.stdout.splitlines()) == 1 + 7
    assert limited.stderr == ""


def test_a_statement_comes_from_a_file_or_from_standard_input(
    platform: EmbeddedPlatform, tmp_path: Path
) -> None:
    (tmp_path / "query.sql").write_text("-- a comment\nselect 3 as three\n;\n")
    from_file = sql(platform, "-f", "query.sql", LAKEHOUSE_CALLER_FOLDER=str(tmp_path))
    assert from_file.stdout == '"three"\n3\n'
    assert sql(platform, "--json", given="select 4 as four").stdout == '{"four": 4}\n'
    assert sql(platform, "-", "--json", given="select 5 as five").stdout == '{"five": 5}\n'


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("select * from nowhere.at_all", "Object 'at_all' not found within 'nowhere'"),
        ("select 1 from", "PARSE ERROR"),
        ("select 1/0 as broken", "divide by zero"),
    ],
)
def test_a_refused_statement_is_exit_code_1_with_dremios_words(
    platform: EmbeddedPlatform, statement: str, words: str
) -> None:
    told = sql(platform, statement)
    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.startswith("error: ")
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert "Python exception" not in told.stderr


def test_whoever_is_not_let_in_or_not_answered_is_told_where_and_as_whom(platform: EmbeddedPlatform) -> None:
    port = platform.wire["DREMIO_FLIGHT_PORT"]
    stranger = json.dumps(
        {"host": "127.0.0.1", "login": "me", "password": "no", "extra": {"flight_port": port}}
    )
    refused = sql(platform, "--conn-id", "own", "select 1", AIRFLOW_CONN_OWN=stranger)
    assert refused.returncode == 2
    assert f"Dremio at grpc://127.0.0.1:{port} refuses the user 'me'" in refused.stderr
    nobody = json.dumps({"host": "127.0.0.1", "extra": {"flight_port": 9}})
    away = sql(platform, "--conn-id", "own", "select 1", AIRFLOW_CONN_OWN=nobody)
    assert away.returncode == 2
    assert "Dremio at grpc://127.0.0.1:9 does not answer" in away.stderr
    empty = sql(platform, " ; ")
    assert (empty.returncode, empty.stderr) == (2, "error: the statement is empty\n")
    missing = sql(platform, "-f", "/nowhere.sql")
    assert (missing.returncode, "No such file" in missing.stderr) == (2, True)


def test_a_million_rows_are_never_held_at_once(platform: EmbeddedPlatform) -> None:
    """They are 70 MB of CSV; held as rows of Python they would be hundreds."""

    def peak_mb(*arguments: str) -> float:
        done = subprocess.run(
            [sys.executable, "-c", PEAK, *command(*arguments)],
            env=environment(platform),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=True,
        )
        return int(done.stdout) / 1024

    few = peak_mb("--csv", "--limit", "10", MILLION)
    assert peak_mb("--csv", MILLION) - few < 60
    whole = sql(platform, "--csv", MILLION)
    read = csv.reader(whole.stdout.splitlines())
    assert next(read) == ["n", "filling"]
    total, digits = 0, 0
    for number, filling in read:
        total += 1
        digits += int(number)
        assert len(filling) == 60
    assert (total, digits) == (1_000_000, 4_500_000)


def test_a_reader_that_leaves_ends_the_command_without_a_word(platform: EmbeddedPlatform) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        command("--csv", MILLION),
        env=environment(platform),
        stdout=writing,
        stderr=subprocess.PIPE,
    ) as process:
        os.close(writing)
        assert os.read(reading, 10) == b'"n","filli'
        os.close(reading)
        _, told = process.communicate(timeout=COMMAND_SECONDS)
    assert told == b""


def test_bin_sql_finds_the_embedded_platform_from_any_folder(
    platform: EmbeddedPlatform, tmp_path: Path
) -> None:
    (tmp_path / "query.sql").write_text("select 6 as six")
    done = subprocess.run(
        [ROOT / "bin" / "sql", "-f", "query.sql", "--json"],
        cwd=tmp_path,
        env=environment(platform),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, '{"six": 6}\n'), done.stderr
