"""PostgreSQL and the object store under the real supervisor: up, crash, down, up again."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import psycopg
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from embedded.settings import HOST
from testing.waiting import wait_until

if TYPE_CHECKING:
    from conftest import Stack

RESTART_SECONDS = 30
WITHOUT_PACKAGES = (sys.executable, "-S")
"""Its own site-packages are not on the path of this Python."""


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def shut_down_cleanly(stack: Stack) -> bool:
    """PostgreSQL removes its pid file as the last thing; a killed one leaves it."""
    return not (stack.state_dir / "postgres" / "data" / "postmaster.pid").exists()


def bucket(wire: dict[str, str], secret_key: str | None = None) -> Any:
    return boto3.session.Session().client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=secret_key or wire["LAKE_S3_SECRET_KEY"],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
    )


@pytest.fixture(scope="module")
def running(stack: Stack) -> Stack:
    stack.must("up", "postgres", "object_store")
    return stack


@pytest.fixture(autouse=True)
def still_running(running: Stack) -> None:
    """Each test may leave the platform down; the next one finds it up, its data unharmed."""
    if not running.is_up("POSTGRES", "S3"):
        running.must("up", "postgres", "object_store")


def wait_for_query(stack: Stack, seconds: float = RESTART_SECONDS) -> None:
    def answers() -> bool:
        try:
            with stack.connect("PLATFORM") as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    wait_until(answers, "PostgreSQL has come back", seconds)


def test_every_role_owns_its_database_and_cannot_enter_without_its_password(running: Stack) -> None:
    for prefix in ("PLATFORM", "SHOP"):
        with running.connect(prefix) as connection:
            connection.execute("create table if not exists proof (id int)")
    wire = running.wire()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(
            host=HOST, port=int(wire["SHOP_PG_PORT"]), dbname="shop", user="shop", password="wrong"
        )


def test_the_shops_log_can_be_captured(running: Stack) -> None:
    with running.connect("SHOP") as connection:
        assert connection.execute("show wal_level").fetchone() == ("logical",)
        connection.execute("select pg_create_logical_replication_slot('proof', 'pgoutput')")
        connection.execute("select pg_drop_replication_slot('proof')")


def test_the_bucket_is_there_and_wrong_keys_are_refused(running: Stack) -> None:
    wire = running.wire()
    client = bucket(wire)
    client.put_object(Bucket=wire["LAKE_S3_BUCKET"], Key="proof/one", Body=b"1")
    listed = client.list_objects_v2(Bucket=wire["LAKE_S3_BUCKET"], Prefix="proof/")
    assert [item["Key"] for item in listed["Contents"]] == ["proof/one"]
    with pytest.raises(ClientError, match=r"403|SignatureDoesNotMatch"):
        bucket(wire, "wrong").list_objects_v2(Bucket=wire["LAKE_S3_BUCKET"])


def test_secrets_are_private_and_not_in_any_command_line(running: Stack) -> None:
    assert stat.S_IMODE((running.state_dir / "secrets.env").stat().st_mode) == 0o600
    password = running.wire()["PLATFORM_PG_PASSWORD"]
    processes = running.processes()
    assert len(processes) >= 6
    assert not [p for p in processes if password in " ".join(p.cmdline())]


def test_everything_listens_on_this_machine_only(running: Stack) -> None:
    pids = {process.pid for process in running.processes()}
    listening = [
        c.laddr.ip for c in psutil.net_connections("inet") if c.pid in pids and c.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 5
    assert set(listening) == {HOST}


def test_a_killed_postgres_comes_back_by_itself_with_its_data(running: Stack) -> None:
    with running.connect("PLATFORM") as connection:
        connection.execute("create table if not exists kept (id int)")
        connection.execute("insert into kept values (1)")
    killed = running.listener("POSTGRES")
    os.kill(killed, signal.SIGKILL)
    wait_for_query(running)
    assert running.listener("POSTGRES") != killed
    with running.connect("PLATFORM") as connection:
        assert connection.execute("select count(*) > 0 from kept").fetchone() == (True,)


def test_a_killed_supervisor_leaves_orphans_that_the_next_up_clears_away(running: Stack) -> None:
    before = running.processes()
    supervisor = running.supervisor()
    supervisor.kill()
    supervisor.wait(10)
    output = running.must("up", "postgres", "object_store")
    assert "outlived their supervisor" in output
    assert not [p for p in before if p.is_running()]
    wait_for_query(running)


def test_a_killed_supervisor_does_not_keep_down_from_ending_everything(running: Stack) -> None:
    before = running.processes()
    running.supervisor().kill()
    output = running.must("down")
    assert "processes ended" in output
    assert not [p for p in before if alive(p)]
    assert running.processes() == []
    assert shut_down_cleanly(running), "asked as it wants to be, not killed"


def test_a_second_down_finds_nothing_to_end(running: Stack) -> None:
    running.must("down")
    assert ", 0 processes ended" in running.must("down")


def test_down_and_status_need_no_package_of_the_environment(running: Stack) -> None:
    """The environment may be half built by a set-up that was interrupted under the running platform."""
    before = running.processes()
    shown = running.command("status", python=WITHOUT_PACKAGES)
    rows = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    assert "running" in rows["postgres"]
    assert str(running.listener("POSTGRES")) in rows["postgres"]
    assert "health is not known: No module named" in shown.stdout
    stopped = running.command("down", python=WITHOUT_PACKAGES)
    assert stopped.returncode == 0, stopped.stdout
    assert len(before) >= 6
    assert not [p for p in before if alive(p)]
    assert shut_down_cleanly(running)


def test_a_daemon_of_a_stopped_service_is_ended_with_it_and_those_of_others_go_on(running: Stack) -> None:
    """A task may leave a process that no supervisor knows (dbt's parent process is one)."""
    of_stopped = running.daemon("object_store-proxy")
    of_running = running.daemon("postgres")
    running.must("down", "object_store")
    assert not alive(of_stopped)
    assert alive(of_running)
    assert running.listener("POSTGRES")
    running.must("down")
    assert not alive(of_running)


def test_a_service_that_this_checkout_no_longer_has_is_stopped_by_what_was_recorded(running: Stack) -> None:
    """After a pull that renamed a service, the one that runs still has to be known by its old name."""
    record = running.state_dir / "run" / "services.json"
    names = [service["name"] for service in json.loads(record.read_text())]
    record.write_text(record.read_text().replace('"name": "object_store"', '"name": "swift"'))
    assert "object_store" in names
    refused = running.command("down", "object_store")
    assert "there is no service 'object_store'; there are: postgres, swift" in refused.stdout
    running.must("down", "swift")
    with pytest.raises(AssertionError, match="nothing listens on S3"):
        running.listener("S3")


def test_down_leaves_no_process_and_up_finds_everything(running: Stack) -> None:
    wire = running.wire()
    bucket(wire).put_object(Bucket=wire["LAKE_S3_BUCKET"], Key="kept", Body=b"kept")
    with running.connect("SHOP") as connection:
        connection.execute("create table if not exists kept (id int)")
    before = running.processes()
    running.must("down")
    assert len(before) >= 6
    assert not [p for p in before if alive(p)]
    assert running.processes() == []
    running.must("up", "postgres", "object_store")
    assert running.wire() == wire
    assert bucket(wire).get_object(Bucket=wire["LAKE_S3_BUCKET"], Key="kept")["Body"].read() == b"kept"
    with running.connect("SHOP") as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_second_up_changes_no_process(running: Stack) -> None:
    before = {p.pid for p in running.processes()}
    running.must("up", "postgres", "object_store")
    servers = {running.listener("POSTGRES"), running.listener("S3")}
    assert servers <= before


def test_status_says_what_is_up_and_what_is_down(running: Stack) -> None:
    done = running.command("status")
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "healthy" in rows["postgres"]
    assert str(running.listener("POSTGRES")) in rows["postgres"]
    assert "down" in rows["superset"]
    assert done.returncode == 1, "not all of it is up"


def test_the_objects_survive_moved_ports(running: Stack) -> None:
    """Swift's rings hold ports; its objects must be found again after these have moved."""
    wire = running.wire()
    bucket(wire).put_object(Bucket=wire["LAKE_S3_BUCKET"], Key="moved", Body=b"found")
    running.must("down")
    offset = running.offset
    running.offset = offset + 37
    try:
        running.must("up", "object_store")
        moved = running.wire()
        assert moved["LAKE_S3_ENDPOINT"] != wire["LAKE_S3_ENDPOINT"]
        found = bucket(moved).get_object(Bucket=wire["LAKE_S3_BUCKET"], Key="moved")
        assert found["Body"].read() == b"found"
        running.must("down")
    finally:
        running.offset = offset


def test_a_port_in_use_is_one_line_and_nothing_is_started(running: Stack) -> None:
    running.must("down")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind((HOST, running.port("POSTGRES")))
        thief.listen()
        refused = running.command("up", "postgres")
    assert refused.returncode == 1
    assert f"port {running.port('POSTGRES')} (postgres) is in use by pid {os.getpid()}" in refused.stdout
    assert "LAKEHOUSE_PORT_POSTGRES=" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert len(refused.stdout.strip().splitlines()) == 1
    assert running.processes() == []


def test_lost_secrets_are_refused_and_the_data_is_left_alone(running: Stack) -> None:
    running.must("down")
    secrets = running.state_dir / "secrets.env"
    aside = secrets.rename(secrets.with_suffix(".aside"))
    try:
        refused = running.command("up", "postgres")
    finally:
        aside.rename(secrets)
    assert refused.returncode == 1
    assert "put the file back" in refused.stdout
    assert "Traceback" not in refused.stdout


def test_a_service_that_cannot_start_is_named_with_its_last_words(running: Stack) -> None:
    running.must("down")
    rings = running.state_dir / "object_store" / "account.ring.gz"
    sound = rings.read_bytes()
    rings.write_bytes(b"no ring")
    try:
        failed = running.command("up", "object_store")
    finally:
        rings.write_bytes(sound)
        running.must("down")
    assert failed.returncode == 1
    assert "object_store" in failed.stdout
    assert "  | " in failed.stdout, "the log's last lines"
    assert "log: " in failed.stdout
