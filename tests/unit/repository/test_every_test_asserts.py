"""A test that asserts nothing passes whatever happens: there is none."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from testing.repository import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef
CHECKS = {"raises", "warns", "fail"}
"""Of pytest, and of the test cases of others: a call by one of these names is a check."""
HOMES = (ROOT, *sorted(path for path in (ROOT / "packages").iterdir() if (path / "tests").is_dir()))
TEST_FILES = sorted(file for home in HOMES for file in (home / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_every_test_asserts_something(home: Path) -> None:
    files = [file for file in TEST_FILES if file.is_relative_to(home / "tests")]
    tests = [(file, test) for file in files for test in _functions(file) if test.name.startswith("test_")]
    assert tests
    idle = [f"{file.relative_to(ROOT)}::{test.name}" for file, test in tests if not _checks(file, test)]
    assert idle == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("assert 1", True),
        ("pass", False),
        ("with pytest.raises(ValueError): pass", True),
        ("helper()", True),
        ("other()", False),
        ("case.helper()", True),
        ("super().test_it()", True),
    ],
)
def test_what_counts_as_a_check(tmp_path: Path, body: str, found: bool) -> None:
    file = tmp_path / "test_sample.py"
    file.write_text(f"def helper():\n    assert 1\ndef other():\n    pass\ndef test_it():\n    {body}\n")
    [test] = [each for each in _functions(file) if each.name == "test_it"]
    assert _checks(file, test) is found


def _checks(file: Path, test: Function) -> bool:
    return _asserts(test) or bool(_called(test) & (_asserting_names(file) | CHECKS)) or _runs_inherited(test)


def _runs_inherited(test: Function) -> bool:
    """A test of dbt's own that is only called by another name."""
    return any(name.startswith("test_") for name in _called(test))


@cache
def _asserting_names(file: Path) -> frozenset[str]:
    """Functions and methods that check something, defined in the file or in what it imports from its tests.

    `testing` is left out: what is shared there asserts that the platform works, not what a test claims.
    """
    helpers = [each for module in (file, *_imported(file)) for each in _functions(module)]
    helpers = [each for each in helpers if not each.name.startswith("test_")]
    names = {each.name for each in helpers if _asserts(each) or _called(each) & CHECKS}
    while more := {each.name for each in helpers if _called(each) & names} - names:
        names |= more
    return frozenset(names)


def _imported(file: Path) -> Iterator[Path]:
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
            for home in HOMES:
                module = home / Path(*str(node.module).split(".")).with_suffix(".py")
                if module.exists() and file.is_relative_to(home / "tests"):
                    yield module


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _functions(file: Path) -> list[Function]:
    return [node for node in ast.walk(_tree(file)) if isinstance(node, Function)]


def _asserts(function: Function) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(function))


def _called(function: Function) -> set[str]:
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {
        call.attr if isinstance(call, ast.Attribute) else call.id
        for call in calls
        if isinstance(call, ast.Attribute | ast.Name)
    }
