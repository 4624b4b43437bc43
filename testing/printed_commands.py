"""The commands that documents and messages tell a person to type: `bin/...`, `make ...`, `python -m ...`.

Documents show them in console blocks and between backticks; messages, the strings of the code, anywhere.
What a message fills in stands as PLACEHOLDER, and so does what is written as `<this>`, `THIS` or `...`.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, Final

from testing.repository import ROOT

PLACEHOLDER: Final = "PLACEHOLDER"
_CODE: Final = ("plugins", "embedded", "packages/airbyte_engine/src", "packages/dremio_engine/src", "dags")
_DOCUMENTS: Final = ("README.md", "CONTRIBUTING.md", "docs", "include", "packages")
_START: Final = (
    r"(?:(?:env )?PYTHONPATH=\S+ )?(?:[\w./]*bin/)?python3? -m "
    r"(?:lakehouse|embedded|tests|testing|bench)\.[\w.]+"
    r"|(?<![\w./}])bin/[a-z][\w-]*|(?<![\w./-])make(?= [a-z])"
)
_QUOTED: Final = re.compile(rf"`((?:{_START})[^`\n]*)`")
_BARE: Final = re.compile(rf"({_START})([^`\n;,()<>|&]*)")
_BARE_LINE: Final = re.compile(rf"(?:^|&& |; )(({_START})[^;&|#>\n]*)")
_FILLED_IN: Final = re.compile(r"<[a-z_ -]+>|\b[A-Z][A-Z_]+\b(?![=\w])|\.\.\.|…")
_TARGET: Final = re.compile(r"make [a-z]+(-[a-z]+)*$")


@dataclass(frozen=True)
class Printed:
    """One command, and where it is told."""

    where: str
    words: tuple[str, ...]
    exact: bool
    """All of it is the command; otherwise prose may follow, and only its first words are."""
    is_typed: bool = False
    """It follows a `$`; elsewhere the name of a command may stand without its arguments."""

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(self.words)}"


@cache
def printed_commands() -> tuple[Printed, ...]:
    """Every command of documents and messages, each once for each file."""
    found = [*_of_documents(), *_of_messages()]
    return tuple(dict.fromkeys(found))


def _of_documents() -> Iterator[Printed]:
    for name in _DOCUMENTS:
        top = ROOT / name
        for path in [top] if top.is_file() else sorted(top.rglob("*.md")):
            text, where = path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))
            for line in _console_lines(text):
                yield from _found(_BARE_LINE.finditer(line), where)
            for match in _QUOTED.finditer(text):
                yield from _command(where, match[1], exact=True)


def _found(matches: Iterator[re.Match[str]], where: str) -> Iterator[Printed]:
    for match in matches:
        yield from _command(where, match[1], exact=True, is_typed=True)


def _console_lines(text: str) -> Iterator[str]:
    """What follows a `$` in console blocks, with the lines that continue it."""
    for block in re.findall(r"```console\n(.*?)```", text.replace("   ```", "```"), re.DOTALL):
        joined = block.replace("\\\n", " ")
        yield from (line.strip()[2:] for line in joined.splitlines() if line.strip().startswith("$ "))


def _of_messages() -> Iterator[Printed]:
    for name in _CODE:
        for path in sorted((ROOT / name).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for text in _texts(tree):
                for match in _QUOTED.finditer(text):
                    yield from _command(where, match[1], exact=True)
                for match in _BARE.finditer(_QUOTED.sub(" ", text)):
                    yield from _command(where, match[0], exact=False)


def _texts(tree: ast.Module) -> Iterator[str]:
    """The strings of a module that are not docstrings: what it may say to somebody."""
    documented = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    told = documented | {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else PLACEHOLDER for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def _command(where: str, text: str, exact: bool, is_typed: bool = False) -> Iterator[Printed]:
    text = _FILLED_IN.sub(PLACEHOLDER, text.split(" #")[0].split("  ")[0]).strip().rstrip(".:")
    if not exact and text.startswith("make ") and not _TARGET.match(text):
        # In prose "make" is a verb: only a target, and nothing after it, is a command.
        return
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = tuple(text.split())
    if words:
        arguments = () if words[0].endswith(":") else tuple(word.rstrip("'\"") for word in words[1:])
        yield Printed(where, (words[0].rstrip(":"), *arguments), exact, is_typed)


def module_of(command: Path) -> str | None:
    """The module that a script of bin/ hands its arguments to; None: it does with them what it likes."""
    found = re.findall(r'-m embedded\.command ([a-z_.]+) "\$@"', command.read_text(encoding="utf-8"))
    return found[-1] if found else None


class ParsedError(Exception):
    """Raised by a parser once it has accepted its arguments, so that nothing of the command is run."""


@contextmanager
def parsing_only() -> Iterator[None]:
    """Have every ArgumentParser stop after parsing; PLACEHOLDER is a value that each argument takes."""
    parser: Any = argparse.ArgumentParser
    kept = parser.parse_args, parser._check_value, parser._get_value

    def parse_args(self: Any, args: Any = None, namespace: Any = None) -> None:
        _, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        raise ParsedError

    def check_value(self: Any, action: Any, value: Any) -> None:
        if PLACEHOLDER not in str(value):
            kept[1](self, action, value)

    def get_value(self: Any, action: Any, text: str) -> Any:
        return text if PLACEHOLDER in text else kept[2](self, action, text)

    parser.parse_args, parser._check_value, parser._get_value = parse_args, check_value, get_value
    try:
        yield
    finally:
        parser.parse_args, parser._check_value, parser._get_value = kept


def accepts(module: str, arguments: Sequence[str]) -> bool:
    """Does the module's command line take these arguments? Nothing is run."""
    try:
        main = importlib.import_module(f"{module}.__main__").main
    except ModuleNotFoundError as error:
        if error.name != f"{module}.__main__":
            raise
        main = importlib.import_module(module).main
    with parsing_only(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        try:
            main(list(arguments))
        except ParsedError:
            return True
        except SystemExit as end:
            return end.code == 0  # it shows its help
    raise AssertionError(f"{module} has run {' '.join(arguments)} without parsing it by argparse")


def accepts_printed(command: Printed, takes: Callable[[Sequence[str]], bool], skip: int) -> bool:
    """Does the parser take the command's arguments, or, where prose may follow, some of the first ones?"""
    arguments = command.words[skip:]
    if len(arguments) == 1 and not command.is_typed and takes([*arguments, "--help"]):
        return True
    if command.exact:
        return takes(arguments)
    return any(takes(arguments[:end]) for end in range(len(arguments), -1, -1))
