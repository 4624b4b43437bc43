"""`bin/source check` looks at files on an SFTP server as it does at those of a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakehouse.onboarding.profiling import sftp
from lakehouse.onboarding.profiling.files import profile_declared
from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.platform.connections import Connection
from testing.repository import ROOT

SERVER = ROOT / ".local/envs/superset/bin/python"
"""The environment that has an SFTP server: Superset brings paramiko."""
USER, PASSWORD = "reader", 'p@ss "w$rd'
STREAMS = [
    {"name": "sales", "globs": ["out of/sales_*.csv"]},
    {"name": "stores", "globs": ["stores.csv"]},
    {"name": "none", "globs": ["none_*.csv"]},
]

pytestmark = pytest.mark.skipif(
    shutil.which("sftp") is None or not SERVER.exists(), reason="there is no sftp, or no Superset here"
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, key: Path) -> Iterator[int]:
    drops = tmp_path_factory.mktemp("drops") / "srv"
    (drops / "out of").mkdir(parents=True)
    for day in (1, 2):
        file = drops / f"out of/sales_{day}.csv"
        file.write_text(f"id;total\n{day};1,5\n")
        os.utime(file, (day * 1e6, day * 1e6))
    (drops / "stores.csv").write_text("id,name\n1,A\n2,B\n")
    command = [SERVER, ROOT / "testing/sftp_server.py", drops.parent, USER, PASSWORD, f"{key}.pub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
        server.terminate()


def where(port: int, **more: Any) -> Connection:
    fields = {"host": "127.0.0.1", "port": port, "login": USER, "password": PASSWORD} | more
    return Connection(**{"extra": {"path": "/srv"}} | fields)


@pytest.mark.parametrize("by", ["password", "key"])
def test_the_streams_are_seen_as_their_files_are_now(port: int, key: Path, by: str) -> None:
    own = (
        {}
        if by == "password"
        else {"password": "", "extra": {"path": "/srv", "private_key": key.read_text()}}
    )
    found = {table.name: table for table in profile_declared(where(port, **own), STREAMS).tables}
    assert set(found) == {"sales", "stores"}
    assert [column.name for column in found["sales"].columns] == ["id", "total"]
    assert found["sales"].rows == 2
    assert found["sales"].files is not None
    assert dict(found["sales"].files.format)["delimiter"] == ";"
    assert found["sales"].files.examples[0] == "out of/sales_2.csv", "the newest first"
    assert found["stores"].key == ("id",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "Permission denied"),
        ({"port": 1}, "Connection refused"),
    ],
)
def test_a_server_that_cannot_be_looked_at_is_named(port: int, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ProfileError, match=rf"the SFTP server 127\.0\.0\.1:\d+: .*{words}") as told:
        profile_declared(where(**{"port": port} | change), STREAMS)
    assert PASSWORD not in str(told.value)


def test_a_file_that_is_too_large_is_not_fetched(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "FETCHED_BYTES", 15)
    assert [table.name for table in profile_declared(where(port), STREAMS).tables] == ["sales"]


def test_what_this_machine_or_the_protocol_lacks_is_said(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProfileError, match=r"\*\* cannot be looked at"):
        profile_declared(where(port), [{"name": "all", "globs": ["**/*.csv"]}])
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ProfileError, match="install openssh-client"):
        profile_declared(where(port), STREAMS)


def test_home_stays_as_it_is(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    profile_declared(where(port), STREAMS)
    assert list(tmp_path.iterdir()) == []
