"""What benches and tests share is in `testing`: a bench imports no test, a suite no other's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.repository import ROOT
from tests.suites.table import SUITES, Suite

PACKAGES = sorted(path for path in (ROOT / "packages").iterdir() if (path / "tests").is_dir())
BENCHES = (ROOT / "bench", ROOT / "testing", *(package / "bench" for package in PACKAGES))


def test_no_bench_and_nothing_shared_imports_a_test() -> None:
    files = [file for folder in BENCHES for file in folder.rglob("*.py")]
    assert files
    assert [f"{file.relative_to(ROOT)}: {name}" for file in files for name in _tests_in(file)] == []


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_a_suite_imports_no_tests_of_another_environment(suite: Suite) -> None:
    files = [file for folder in suite.folders for file in (suite.home / folder).rglob("*.py")]
    assert files
    others = [each for each in SUITES if each.home == suite.home and each.environment != suite.environment]
    foreign = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in _tests_in(file)
        if any(_is_of(name, other) for other in others) and not _is_of(name, suite)
    ]
    assert foreign == []


def _tests_in(file: Path) -> Iterator[str]:
    """The modules of tests that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name == "tests" or name.startswith("tests."))


def _is_of(module: str, suite: Suite) -> bool:
    file = suite.home / Path(*module.split("."))
    return suite.holds(file)
