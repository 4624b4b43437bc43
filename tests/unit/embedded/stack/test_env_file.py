"""`.env`: what Compose and this reader both understand, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.stack.env_file import EnvFileError, read_env_file, readable_by_others


def read(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_text(text, encoding="utf-8")
    return read_env_file(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ("A=", ""),
        ("A=''", ""),
        ("A = spaced  ", "spaced"),
        ("export A=told", "told"),
        ("  A=indented", "indented"),
        ("A=two words", "two words"),
        ("A=value # comment", "value"),
        ("A=value# none", "value# none"),
        ("A=# all of it", ""),
        ("A=p#ss", "p#ss"),
        ("A=a=b=c", "a=b=c"),
        ("A=$HOME/${B}", "$HOME/${B}"),
        ("A='$HOME # no comment'", "$HOME # no comment"),
        ("A='let\\'s'", "let's"),
        ("A='back\\slash\\n'", "back\\slash\\n"),
        ("A='kept' # comment", "kept"),
        ('A="say \\"yes\\""', 'say "yes"'),
        ('A="cost \\$5 or $6"', "cost $5 or $6"),
        ('A="back\\\\slash"', "back\\slash"),
        ('A="two\\nlines"', "two\nlines"),
        ('A="odd \\d"', "odd \\d"),
        ("A=  'quoted after a blank'", "quoted after a blank"),
        ("A=it's", "it's"),
        ("A=grün", "grün"),
    ],
)
def test_a_value_is_read_as_compose_reads_it_but_for_the_dollar(
    tmp_path: Path, line: str, value: str
) -> None:
    assert read(tmp_path, f"# first\n\n{line}\nB=next\n") == {"A": value, "B": "next"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("A", "line 2 is not NAME=VALUE"),
        ("1A=x", "line 2 is not NAME=VALUE"),
        ("A-B=x", "line 2 is not NAME=VALUE"),
        ("A: x", "line 2 is not NAME=VALUE"),
        ("A='s3cret", "line 2: the value of A has no closing '"),
        ('A="s3cret\\"', 'line 2: the value of A has no closing "'),
        ("A='s3cret'more", "line 2: the value of A goes on after its closing '"),
        ("B=s3cret", "sets B in line 1 and in line 2"),
    ],
)
def test_a_line_that_means_nothing_is_named_without_its_value(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(EnvFileError) as refused:
        read(tmp_path, f"B=first\n{line}\n")
    assert told in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_file_from_another_system_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbfA=one\r\nB='two'\r\n")
    assert read_env_file(path) == {"A": "one", "B": "two"}


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvFileError, match="cannot be read"):
        read_env_file(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("mode", "open_to_others"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_a_file_that_others_may_read_is_seen(tmp_path: Path, mode: int, open_to_others: bool) -> None:
    path = tmp_path / ".env"
    path.touch(mode=mode)
    path.chmod(mode)
    assert readable_by_others(path) is open_to_others
