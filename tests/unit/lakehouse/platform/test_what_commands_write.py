"""Files that a command writes, and its console: neither is left half done when the command is ended."""

from __future__ import annotations

import errno
import os
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from lakehouse.platform import whole_files
from lakehouse.platform.console import CommandConsole
from lakehouse.platform.whole_files import write_whole


def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.yaml"
    write_whole(path, "one: é\n")
    path.chmod(0o640)
    write_whole(path, "two: 2\n")
    assert path.read_text(encoding="utf-8") == "two: 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_whole(path, "three: 3\n", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["file.yaml"]


@pytest.mark.parametrize("when", [KeyboardInterrupt(), OSError("disk full")], ids=["ctrl-c", "a full disk"])
def test_a_file_whose_writing_is_interrupted_is_as_it_was(
    when: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("before\n", encoding="utf-8")

    class Interrupted:
        def __init__(self, handle: int, *_: Any, **__: Any) -> None:
            self.handle = handle

        def __enter__(self) -> Interrupted:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.handle)

        def write(self, text: str) -> None:
            os.write(self.handle, text[:3].encode())
            raise when

    monkeypatch.setattr(whole_files.os, "fdopen", Interrupted)
    with pytest.raises(type(when)):
        write_whole(path, "afterwards\n")
    assert path.read_text(encoding="utf-8") == "before\n"
    assert [each.name for each in tmp_path.iterdir()] == ["file.yaml"]


class NobodyReads(StringIO):
    """An output whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_console_whose_reader_has_left_says_so_to_the_command() -> None:
    """rich's own ends the process with 1, which says here that something differs."""
    table = Table("column")
    table.add_row("x" * 100)
    with pytest.raises(BrokenPipeError):
        CommandConsole(file=NobodyReads(), width=80).print(table)
