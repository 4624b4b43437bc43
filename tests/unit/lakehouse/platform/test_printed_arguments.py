"""The arguments of every command that documents and messages tell to type are taken by its parser."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from typing import Any, Final

import pytest

from testing.printed_commands import (
    PLACEHOLDER,
    ParsedError,
    Printed,
    accepts,
    accepts_printed,
    module_of,
    parsing_only,
    printed_commands,
)
from testing.repository import ROOT

PROSE: Final = ("did", "does", "wrote", "cannot", "deletes", "shows", "writes", "has", "made")
"""In a message that speaks of a command, the word after its name."""


def _speaks_of_it(command: Printed) -> bool:
    return not command.exact and command.words[1] in PROSE


def commands_of_bin() -> list[Printed]:
    """Those whose script hands its arguments to the library, and that have some."""
    return [
        each
        for each in printed_commands()
        if each.words[0].startswith("bin/")
        and len(each.words) > 1
        and (module_of(ROOT / each.words[0]) or "").startswith("lakehouse.")
        and each.words[1] != PLACEHOLDER
        and not _speaks_of_it(each)
    ]


def commands_of_airflow() -> list[Printed]:
    return [
        each
        for each in printed_commands()
        if each.words[0] == "bin/airflow" and len(each.words) > 1 and each.words[1] != PLACEHOLDER
    ]


def commands_of_modules() -> list[Printed]:
    found = [each for each in printed_commands() if "-m" in each.words]
    return [
        each
        for each in found
        if (module := each.words[each.words.index("-m") + 1]).startswith("lakehouse.")
        and PLACEHOLDER not in module
        and len(each.words) > each.words.index("-m") + 2
        and each.words[each.words.index("-m") + 2] != PLACEHOLDER
    ]


def test_there_are_many() -> None:
    assert len(commands_of_bin()) > 100
    assert len(commands_of_airflow()) > 10
    assert len({each.words[0] for each in commands_of_bin()}) >= 10


def test_a_wrong_command_would_be_found() -> None:
    assert accepts("lakehouse.bronze", ["give-back", PLACEHOLDER, "--to", "2025-10-16"])
    assert not accepts("lakehouse.bronze", ["give-back"])
    assert not accepts("lakehouse.bronze", ["give-away", "2025-10-16"])
    assert not accepts("lakehouse.bronze", ["ties", "--all"])
    assert not airflow_accepts(["dags", "start", "load_bronze"])


@pytest.mark.parametrize("command", commands_of_bin(), ids=str)
def test_the_arguments_of_a_command_of_bin_are_taken(command: Printed) -> None:
    module = module_of(ROOT / command.words[0])
    assert module is not None
    assert accepts_printed(command, lambda words: accepts(module, words), skip=1)


@pytest.mark.parametrize("command", commands_of_modules(), ids=str)
def test_the_arguments_of_a_module_are_taken(command: Printed) -> None:
    at = command.words.index("-m") + 1
    assert accepts_printed(command, lambda words: accepts(command.words[at], words), skip=at + 1)


@pytest.mark.parametrize("command", commands_of_airflow(), ids=str)
def test_the_arguments_of_airflow_are_taken(command: Printed) -> None:
    assert accepts_printed(command, airflow_accepts, skip=1)


@cache
def _airflow() -> Any:
    from airflow.cli.cli_parser import get_parser

    return get_parser()


def airflow_accepts(words: Sequence[str]) -> bool:
    parser = _airflow()
    with parsing_only(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        try:
            parser.parse_args(list(words))
        except ParsedError:
            return True
        except SystemExit as end:
            return end.code == 0
    return False
