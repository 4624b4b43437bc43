"""Who PostgreSQL runs as: the caller, or, since it refuses root, an unprivileged account of the system."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import PlatformError

ACCOUNTS = ("postgres", "nobody")
"""The first that exists; Debian always has nobody."""

CAPABILITIES = ("", "dac_read_search", "dac_override")
"""Tried in turn: none is needed unless the checkout is under a folder that only root may enter (a home of
mode 700). The weakest that works is taken; containers commonly drop the first of the two."""


class IdentityError(PlatformError):
    """No account can run PostgreSQL here; the message says what to do."""


@dataclass(frozen=True)
class Identity:
    """An owner for the data, and the words that go before a command so that it runs as that owner."""

    uid: int
    gid: int
    prefix: tuple[str, ...]

    def own(self, path: Path) -> None:
        if os.getuid() == 0:
            os.chown(path, self.uid, self.gid)


def find_identity(binary: Path, folder: Path) -> Identity:
    """An identity that can run `binary` and enter `folder`. Raises IdentityError."""
    if os.getuid() != 0:
        return Identity(os.getuid(), os.getgid(), ())
    if shutil.which("setpriv") is None:
        raise IdentityError("PostgreSQL refuses to run as root and setpriv is missing: install util-linux")
    account = next((found for name in ACCOUNTS if (found := _account(name))), None)
    if account is None:
        raise IdentityError(f"PostgreSQL refuses to run as root and there is no user {' or '.join(ACCOUNTS)}")
    for capability in CAPABILITIES:
        identity = Identity(account.pw_uid, account.pw_gid, _prefix(account, capability))
        if _can_run(identity, binary, folder):
            return identity
    raise IdentityError(
        f"PostgreSQL cannot run as {account.pw_name} under {folder}: "
        "put the checkout where that user may enter (not in a home of mode 700), or run as a normal user"
    )


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _prefix(account: pwd.struct_passwd, capability: str) -> tuple[str, ...]:
    drop = ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    if not capability:
        return (*drop, "--inh-caps=-all", "--bounding-set=-all")
    only = f"-all,+{capability}"
    # access(2) ignores the capabilities of a real user that is not root unless the fix-up is off, and
    # PostgreSQL asks access(2) before it runs its own binaries.
    keep = (f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}")
    return (*drop, *keep, "--securebits=+no_setuid_fixup")


def _can_run(identity: Identity, binary: Path, folder: Path) -> bool:
    # That it can be started proves nothing: its path is looked up with the rights of root, which are given up
    # with the start. The server looks for its libraries and its share folder without them.
    probes = (["test", "-x", str(folder)], ["test", "-r", str(binary)], [str(binary), "--version"])
    return all(
        subprocess.run([*identity.prefix, *probe], capture_output=True, cwd="/", check=False).returncode == 0
        for probe in probes
    )
