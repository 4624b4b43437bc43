"""What documents and messages tell to type exists: `make` targets and variables, files of bin/, modules."""

from __future__ import annotations

import os
import re
from typing import Final

import pytest

from testing.printed_commands import (
    PLACEHOLDER,
    Printed,
    accepts,
    accepts_printed,
    module_of,
    printed_commands,
)
from testing.repository import ROOT

COMMANDS: Final = printed_commands()
MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS: Final = frozenset(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))
VARIABLES: Final = frozenset(re.findall(r"\$\(?(?:\w+ \w+,\$\()?([A-Z]+)\)?", MAKEFILE))
HISTORY: Final = "docs/decisions/"
"""Names processes and what was considered, and tells nobody to type anything."""


def of(*starts: str) -> list[Printed]:
    return [each for each in COMMANDS if each.words[0].startswith(starts)]


def modules() -> list[Printed]:
    return [each for each in COMMANDS if "-m" in each.words]


def test_there_are_many_of_each_kind() -> None:
    assert len(of("make")) > 60
    assert len(of("bin/")) > 150
    assert len(modules()) > 15
    assert {each.where for each in COMMANDS} >= {"README.md", "docs/runbooks/connections.md"}
    assert any(each.where.startswith("embedded/") for each in COMMANDS)
    assert any(PLACEHOLDER in each.words for each in COMMANDS if each.where.startswith("plugins/"))


@pytest.mark.parametrize("command", of("make"), ids=str)
def test_a_make_target_and_its_variables_exist(command: Printed) -> None:
    for word in command.words[1:]:
        name, is_variable, _ = word.strip("[]").partition("=")
        assert name in (VARIABLES if is_variable else TARGETS), word


@pytest.mark.parametrize("command", of("bin/"), ids=str)
def test_a_command_of_bin_is_there(command: Printed) -> None:
    assert os.access(ROOT / command.words[0], os.X_OK)


@pytest.mark.parametrize("command", modules(), ids=str)
def test_a_module_is_there_and_found_as_it_is_printed(command: Printed) -> None:
    """`python -m lakehouse.dbt.manifest` was an advice, and there is no such module without a path to it."""
    module = command.words[command.words.index("-m") + 1]
    if PLACEHOLDER in module:
        module = module.rpartition(".")[0]
    places = ("", "plugins/", "packages/airbyte_engine/src/", "packages/dremio_engine/src/")
    path = module.replace(".", "/")
    assert any(list(ROOT.glob(f"{place}{path}{end}")) for place in places for end in (".py", "/__init__.py"))
    has_arguments = command.exact or len(command.words) > command.words.index("-m") + 2
    if module.startswith("lakehouse") and has_arguments and not command.where.startswith(HISTORY):
        assert command.words[0] == "PYTHONPATH=plugins"


EMBEDDED: Final = [
    each
    for each in of("bin/")
    if (module_of(ROOT / each.words[0]) or "").startswith("embedded.") and each.words[1:]
]


@pytest.mark.parametrize("command", EMBEDDED, ids=str)
def test_arguments_of_the_platform_s_own_commands_are_taken(command: Printed) -> None:
    module = module_of(ROOT / command.words[0])
    assert module is not None
    assert accepts_printed(command, lambda words: accepts(module, words), skip=1)
