"""Apache Calcite's parser, set as Dremio sets its own, as a process that is asked about statements."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
JUDGE = Path(__file__).parent / "judge" / "Judge.java"
JARS = (ROOT / ".local").resolve() / "calcite"
# So few that neither pipe fills while the other is not read.
_AT_ONCE = 50
_ACCEPTED = "ok"


class NotHere(Exception):
    """Calcite cannot run on this machine; the message says what is missing."""


class Calcite:
    """Asks the process; `reserved` are the words that its grammar reserves."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.reserved = frozenset(self._answer().split())

    def refusals(self, statements: Sequence[str]) -> list[str]:
        """For each statement why Calcite does not parse it; empty if it does."""
        found: list[str] = []
        for start in range(0, len(statements), _AT_ONCE):
            some = statements[start : start + _AT_ONCE]
            assert self._process.stdin is not None
            for sql in some:
                self._process.stdin.write(base64.b64encode(sql.encode()).decode() + "\n")
            self._process.stdin.flush()
            found += [self._answer() for _ in some]
        return ["" if answer == _ACCEPTED else answer for answer in found]

    def refusal(self, sql: str) -> str:
        """The answer for one statement."""
        return self.refusals([sql])[0]

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("Calcite's process has ended")
        return line.rstrip("\n")


@contextmanager
def running() -> Iterator[Calcite]:
    """Calcite's process, fetched before if need be. Raises NotHere."""
    fetched = subprocess.run([ROOT / "bin" / "calcite"], capture_output=True, text=True, check=False)
    if fetched.returncode != 0:
        raise NotHere((fetched.stdout + fetched.stderr).strip())
    with subprocess.Popen(
        ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", str(JUDGE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield Calcite(process)
        finally:
            process.kill()
