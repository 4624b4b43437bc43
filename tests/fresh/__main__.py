"""`python3 -m tests.fresh [--commands night test] [--users root user]`; needs root.

Everything happens in a scratch folder, FRESH_DIR (default .local/fresh), and in its own mount namespace: even
when this process is killed, no mount is left behind. The bare system is made once, in the folder `base`.

Passed on from the caller: LAKEHOUSE_PORT_*, ORDERS, FRESH_MIRROR (of Debian), and how pip and uv reach
their index.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fresh.system import ROOT_ACCOUNT, USER_ACCOUNT, FreshError, System, make_base

CHECKOUT = Path(__file__).resolve().parents[2]
ACCOUNTS = {"root": ROOT_ACCOUNT, "user": USER_ACCOUNT}
COMMANDS = {"night": 3600, "test": 3 * 3600}
"""What of the README is run, and after how many seconds it counts as hung."""

NAMESPACE = "LAKEHOUSE_FRESH_NAMESPACE"
VENV_PACKAGE = "python3-venv"


@dataclass(frozen=True)
class Step:
    """One command as one user: how it ended and how long it took."""

    user: str
    name: str
    ok: bool
    seconds: float
    note: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fresh", description=__doc__)
    parser.add_argument("--commands", nargs="+", choices=list(COMMANDS), default=list(COMMANDS))
    parser.add_argument("--users", nargs="+", choices=list(ACCOUNTS), default=list(ACCOUNTS))
    options = parser.parse_args()
    if os.getuid() != 0:
        sys.exit("error: a bare Debian can only be made and entered by root")
    if NAMESPACE not in os.environ:
        os.environ[NAMESPACE] = "1"
        again = [sys.executable, "-m", "tests.fresh", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", *again])
    folder = Path(os.environ.get("FRESH_DIR") or CHECKOUT / ".local" / "fresh").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        steps = [step for user in options.users for step in _as_user(folder, user, options.commands)]
    except FreshError as error:
        sys.exit(f"error: {error}")
    return _report(steps)


def _as_user(folder: Path, user: str, commands: list[str]) -> list[Step]:
    print(f"\n== {user}: a bare Debian 12", flush=True)
    make_base(folder / "base")
    system = System.copied(folder / "base", folder / user, ACCOUNTS[user])
    with system.mounted():
        steps = _walk(system, user, commands, folder)
    if all(step.ok for step in steps):
        shutil.rmtree(system.root)
    else:
        print(f"kept for a look: {system.root}")
    return steps


def _walk(system: System, user: str, commands: list[str], folder: Path) -> list[Step]:
    """What a newcomer does, in order; the first failure ends it, but the platform is stopped in any case."""
    home = system.account.home
    clone = home / "lakehouse"
    bundle = system.root / "tmp" / "lakehouse.bundle"
    subprocess.run(["git", "bundle", "create", "-q", str(bundle), "HEAD"], cwd=CHECKOUT, check=True)
    bundle.chmod(0o644)
    steps = [_step(system, user, "git clone", "git clone -q /tmp/lakehouse.bundle lakehouse", home, folder)]
    if not system.account.is_root:
        steps.append(_refused_without_venv(system, user, clone, folder))
        system.install(VENV_PACKAGE)
    for command in commands:
        if all(step.ok for step in steps):
            steps.append(_step(system, user, f"make {command}", f"make {command}", clone, folder))
    steps.append(_step(system, user, "make down", "make down", clone, folder))
    left = system.processes()
    steps.append(
        Step(user, "nothing left running", not left, 0.0, "; ".join(f"{k} {v}" for k, v in left.items()))
    )
    return steps


def _refused_without_venv(system: System, user: str, clone: Path, folder: Path) -> Step:
    """A normal user without the package that the README names is told what to install, and nothing breaks."""
    step = _step(system, user, "make setup, no venv", "make setup", clone, folder)
    said = (folder / f"{user}-make-setup--no-venv.log").read_text()
    right = not step.ok and "-venv` as root" in said
    return Step(user, "names python3-venv", right, step.seconds, "" if right else said.strip()[-200:])


def _step(system: System, user: str, name: str, words: str, place: Path, folder: Path) -> Step:
    print(f"\n== {user}: {name}", flush=True)
    log = folder / f"{user}-{''.join(c if c.isalnum() else '-' for c in name)}.log"
    started = time.monotonic()
    limit = COMMANDS.get(name.removeprefix("make "), 600)
    with log.open("w") as out:
        process = subprocess.Popen(
            system.command(words, place), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
        note = _shown(process, log, started + limit)
    return Step(user, name, process.returncode == 0, time.monotonic() - started, note)


def _shown(process: subprocess.Popen[bytes], log: Path, deadline: float) -> str:
    """Show what is added to the log until the process ends; at the deadline it is killed. Returns a note."""
    with log.open(errors="replace") as lines:
        while True:
            ended = process.poll() is not None
            print(lines.read(), end="", flush=True)
            if ended:
                return "" if process.returncode == 0 else f"exit code {process.returncode}, {log}"
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                return f"hung, {log}"
            time.sleep(0.5)


def _report(steps: list[Step]) -> int:
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h %s"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    print(f"\n== fresh: {commit.stdout.strip()}")
    for step in steps:
        state = "ok" if step.ok else "FAILED"
        print(f"  {step.user:5} {step.name:22} {state:7} {step.seconds:6.0f} s  {step.note}")
    return 0 if steps and all(step.ok for step in steps) else 1


if __name__ == "__main__":
    sys.exit(main())
