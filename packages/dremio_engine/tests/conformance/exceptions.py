"""The tests that are known not to pass, from exceptions.yml, as strict expected failures.

An exception that passes, or that names no test, fails the suite: the list cannot outlive its reasons. Against
a real Dremio only dbt-dremio's own defects are expected, and not strictly, since versions differ.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent
WHOSE = ("dbt-dremio", "dbt-core", "dremio", "engine", "difference")
EVERYWHERE = WHOSE[:3]


@dataclass(frozen=True)
class Known:
    """A test that does not pass, whose defect that is, and why."""

    test: str
    whose: str
    reason: str

    @property
    def applies(self) -> bool:
        """The engine's own defects and differences are nothing to a real Dremio."""
        return "DREMIO_URL" not in os.environ or self.whose in EVERYWHERE


def known() -> dict[str, Known]:
    """The list by test id, relative to this folder."""
    entries = yaml.safe_load((FOLDER / "exceptions.yml").read_text()) or []
    listed = {entry["test"]: Known(entry["test"], entry["whose"], entry["reason"]) for entry in entries}
    assert len(listed) == len(entries), "exceptions.yml names a test twice"
    assert all(entry.whose in WHOSE for entry in listed.values()), f"whose is one of {WHOSE}"
    return listed


def mark(items: list[pytest.Item], whole: bool) -> None:
    """Expect the listed failures; `whole` says that every test of the collected files is among the items."""
    listed = known()
    found = {_name(item.nodeid): item for item in items}
    assert all(found), "a test outside tests/conformance was collected with this suite"
    for test, item in found.items():
        item.add_marker(test.partition("/")[0].removesuffix("_adapter"))
        if test in listed and listed[test].applies:
            entry = listed[test]
            strict = "DREMIO_URL" not in os.environ
            item.add_marker(pytest.mark.xfail(reason=f"{entry.whose}: {entry.reason}", strict=strict))
    files = {test.partition("::")[0] for test in found}
    unknown = [test for test in listed if test.partition("::")[0] in files and test not in found]
    if whole and unknown:
        raise pytest.UsageError(f"exceptions.yml names tests that do not exist: {unknown}")


def report(terminal: pytest.TerminalReporter) -> None:
    """What passed, and each exception with its reason."""
    outcomes = {name: len(terminal.stats.get(name, [])) for name in ("passed", "failed", "error", "skipped")}
    expected = terminal.stats.get("xfailed", [])
    terminal.section("conformance")
    terminal.line(
        ", ".join(f"{count} {name}" for name, count in outcomes.items() if count or name == "passed")
    )
    terminal.line(f"{len(expected)} exceptions" + (":" if expected else ""))
    for test in sorted(expected, key=lambda each: each.nodeid):
        terminal.line(f"  {_name(test.nodeid)}")
        terminal.line(f"    {test.wasxfail}")


def _name(nodeid: str) -> str:
    """A test's id below this folder, as exceptions.yml has it."""
    return nodeid.partition("tests/conformance/")[2]
