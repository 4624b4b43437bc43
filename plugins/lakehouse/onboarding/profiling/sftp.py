"""Files on an SFTP server: the newest of each glob are brought to a folder here, by OpenSSH's own client."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.platform.connections import Connection

PORT: Final = 22
FETCHED_FILES: Final = 20
"""Of each glob, the newest ones."""
FETCHED_BYTES: Final = 64 * 1024 * 1024
"""A larger file is not fetched: the protocol's client has no way to read only the beginning of one."""
_SECONDS: Final = 120
_CONNECT_SECONDS: Final = 10
_PASSWORD: Final = "LAKEHOUSE_SFTP_PASSWORD"  # noqa: S105 - a variable's name
_ENTRY: Final = re.compile(r"-\S+\s+\S+\s+\S+\s+\S+\s+(?P<size>\d+)\s+\w+\s+\d+\s+[\d:]+\s(?P<path>.+)")
"""A file in the client's `ls -ln`; folders and links begin with another letter."""
_OPTIONS: Final = {
    # The client turns passwords off for a batch.
    "BatchMode": "no",
    "NumberOfPasswordPrompts": "1",
    "ConnectTimeout": str(_CONNECT_SECONDS),
    # A new server is taken, as Airbyte takes it; one whose key has changed is refused. Nothing is written.
    "StrictHostKeyChecking": "accept-new",
    "UserKnownHostsFile": "/dev/null ~/.ssh/known_hosts",
    "LogLevel": "ERROR",
}


@contextmanager
def fetched(where: Connection, globs: Sequence[str]) -> Iterator[Path]:
    """A folder with the newest files of each glob, at their places below the connection's path.

    Args:
        where: host, port, login, and a password or the extra `private_key`; the extra `path`.
        globs: relative to the path, without `**`.

    Raises:
        ProfileError: the server cannot be reached, refuses, or there is no client on this machine.
    """
    if deep := [glob for glob in globs if "**" in glob]:
        raise ProfileError(
            f"{deep[0]}: ** cannot be looked at on an SFTP server; Airbyte reads it all the same"
        )
    root = str(where.extra.get("path") or "/").rstrip("/")
    with tempfile.TemporaryDirectory(prefix="lakehouse-sftp-") as own, _client(where, Path(own)) as client:
        folder = Path(own) / "files"
        folder.mkdir()
        for glob in globs:
            listed = client.run([f"-ls -lnt {_escaped(f'{root}/{glob}')}"])
            entries = [entry for line in listed.splitlines() if (entry := _ENTRY.fullmatch(line.rstrip()))]
            orders = []
            for entry in entries[:FETCHED_FILES]:
                name = entry["path"].removeprefix(root).lstrip("/")
                if int(entry["size"]) <= FETCHED_BYTES:
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    orders.append(
                        f"get -p {_escaped(f'{root}/{name}', '*?[')} {_escaped(str(folder / name))}"
                    )
            if orders:
                client.run(orders)
        yield folder


@dataclass(frozen=True)
class _Client:
    command: Sequence[str]
    environment: dict[str, str]
    address: str

    def run(self, orders: Sequence[str]) -> str:
        """What the client prints."""
        try:
            done = subprocess.run(
                self.command, input="\n".join(orders) + "\n", env=self.environment, capture_output=True,
                text=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except FileNotFoundError:
            raise ProfileError(
                f"{self.address}: there is no program sftp here; install openssh-client to have it looked at"
            ) from None
        except subprocess.TimeoutExpired:
            raise ProfileError(f"{self.address}: no answer within {_SECONDS} seconds") from None
        if done.returncode != 0:
            words = " ".join(done.stderr.split()) or f"sftp ended with {done.returncode}"
            raise ProfileError(f"{self.address}: {words}")
        return done.stdout


@contextmanager
def _client(where: Connection, own: Path) -> Iterator[_Client]:
    options = dict(_OPTIONS)
    environment = {**os.environ, _PASSWORD: where.password}
    if key := where.extra.get("private_key"):
        file = own / "key"
        file.touch(mode=0o600)
        file.write_text(f"{str(key).strip()}\n", encoding="utf-8")
        options |= {
            "IdentityFile": str(file),
            "IdentitiesOnly": "yes",
            "PreferredAuthentications": "publickey",
        }
    else:
        # The one way to give a password without a terminal: a program that prints it.
        asks = own / "password"
        asks.touch(mode=0o700)
        asks.write_text(f"#!/bin/sh\nprintf '%s\\n' \"${_PASSWORD}\"\n", encoding="utf-8")
        options["PreferredAuthentications"] = "password,keyboard-interactive"
        environment |= {"SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force"}
    port = where.port or PORT
    settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    target = f"{where.login}@{where.host}" if where.login else where.host
    yield _Client(
        ["sftp", *settings, "-P", str(port), "-b", "-", target],
        environment,
        f"the SFTP server {where.host}:{port}",
    )


def _escaped(path: str, more: str = "") -> str:
    """A path as the client's command line takes it; `more`: signs that are to mean themselves, too."""
    return re.sub(rf"([\s'\"\\#{re.escape(more)}])", r"\\\1", path)
