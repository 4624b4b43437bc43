"""A bare Debian 12 in a folder: made once by debootstrap, copied for each user, entered by chroot."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fresh.machine import copy_settings, debian_mirror, variables

RELEASE = "bookworm"
PACKAGES = ("git", "make", "python3")
"""What the README asks for on a Debian that has nothing."""

LOGIN_PATH = {
    True: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    False: "/usr/local/bin:/usr/bin:/bin",
}
"""Debian's, for root and for others."""

MOUNTS = (
    ("proc", ("-t", "proc", "proc")),
    ("sys", ("--rbind", "/sys")),
    ("dev", ("--rbind", "/dev")),
    ("dev/shm", ("-t", "tmpfs", "-o", "mode=1777", "tmpfs")),
    ("run", ("-t", "tmpfs", "-o", "mode=755", "tmpfs")),
)


class FreshError(Exception):
    """The bare system cannot be made or entered here; the message says why."""


@dataclass(frozen=True)
class Account:
    """Who runs the commands inside."""

    name: str
    home: Path

    @property
    def is_root(self) -> bool:
        return self.name == "root"


ROOT_ACCOUNT = Account("root", Path("/root"))
USER_ACCOUNT = Account("lakehouse", Path("/home/lakehouse"))


def make_base(folder: Path) -> None:
    """A bare system in `folder`, unless there is one that was finished. Raises FreshError."""
    done = folder.with_suffix(".made")
    if done.exists():
        return
    if shutil.which("debootstrap") is None:
        _run(["apt-get", "-qq", "update"])
        _run(["apt-get", "-qq", "install", "-y", "debootstrap"])
    shutil.rmtree(folder, ignore_errors=True)
    mirror = os.environ.get("FRESH_MIRROR") or debian_mirror(RELEASE)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", RELEASE, str(folder)]
    _run([*command, mirror] if mirror else command)
    done.touch()


@dataclass(frozen=True)
class System:
    """One bare system for one account."""

    root: Path
    account: Account

    @classmethod
    def copied(cls, base: Path, root: Path, account: Account) -> System:
        """A copy of the base with the account and the machine's way to its package index."""
        shutil.rmtree(root, ignore_errors=True)
        _run(["cp", "-a", "--reflink=auto", str(base), str(root)])
        if not account.is_root:
            _run(["chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", account.name])
        copy_settings(root, account.home)
        if not account.is_root:
            _run(["chroot", str(root), "chown", "-R", f"{account.name}:", str(account.home)])
        return cls(root, account)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """The kernel's file systems in their places; gone again afterwards, whatever happened."""
        mounted: list[Path] = []
        try:
            for name, options in MOUNTS:
                place = self.root / name
                place.mkdir(parents=True, exist_ok=True)
                _run(["mount", *options, str(place)])
                mounted.append(place)
            yield
        finally:
            self.end_processes()
            for place in reversed(mounted):
                # Lazily: a process that has just been killed may still be on its way out.
                subprocess.run(["umount", "--recursive", "--lazy", str(place)], check=False)

    def install(self, *packages: str) -> None:
        """As root, what the README asks a normal user to have installed."""
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            _run(["chroot", str(self.root), *apt, *words])

    def command(self, words: str, folder: Path) -> list[str]:
        """A shell command line inside, by this account, in an environment as after a login."""
        own = {
            "HOME": str(self.account.home),
            "LOGNAME": self.account.name,
            "PATH": LOGIN_PATH[self.account.is_root],
            "SHELL": "/bin/bash",
            "TERM": "dumb",
            "USER": self.account.name,
        }
        own |= {n: v for n, v in os.environ.items() if n == "ORDERS" or n.startswith("LAKEHOUSE_PORT_")}
        environment = [f"{name}={value}" for name, value in (variables() | own).items()]
        inside = ["chroot", f"--userspec={self.account.name}:", str(self.root), "/usr/bin/env", "-i"]
        return [*inside, *environment, "/bin/bash", "-c", f'cd "$1" && {words}', "bash", str(folder)]

    def processes(self) -> dict[int, str]:
        """What runs inside, by pid: whose root is this system."""
        found = {}
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                if (folder / "root").readlink() == self.root:
                    words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if words:  # a process that has ended has none
                        found[int(folder.name)] = words.strip()[:120]
        return found

    def end_processes(self) -> None:
        """Kill what still runs inside."""
        deadline = time.monotonic() + 30
        while (running := self.processes()) and time.monotonic() < deadline:
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise FreshError(f"`{' '.join(command)}` failed: {last}")
