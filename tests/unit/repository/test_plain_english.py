"""Prose is plain English: documents, comments, docstrings and messages avoid a short list of phrases.

The list contains only what is never right here, so nobody has to argue about a hit. We considered codespell,
which knows words but not phrases, and proselint, which takes no list of ours.
"""

from __future__ import annotations

import os
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.repository import ROOT

GAP = r"""(?:\s|\#|--|[rf]?["'])+"""
"""Between two words of a phrase: also a line break within a comment or between the parts of a string."""
NOT_A = rf"\b(?:is|are|was|were){GAP}no{GAP}(?!longer\b|more\b|less\b|other\b|matter\b|such\b)\w+"
INSTEAD = {
    NOT_A: "is not a ...",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\bbegun\b": "started",
    r"\banew\b": "again",
    rf"\bin{GAP}the{GAP}midst\b": "in the middle of",
    r"\bwhatsoever\b": "at all",
    r"\b(?:whilst|amidst)\b": "while, among",
    r"\blest\b": "so that ... not",
    rf"\bfor{GAP}ever\b": "forever",
    r"\bhalf-way\b": "halfway",
    r"\bbook-keeping\b": "bookkeeping",
    rf"\bmade{GAP}good\b": "repaired",
    r"\bcatalogued?s?\b": "catalog",
}
WRITTEN_BY_HAND = {".py", ".md", ".yaml", ".yml", ".sql", ".sh", ".toml", ".in", ".sqlfluff", ""}
# pyproject.toml names modules, which a phrase of prose cannot be told from there.
LEFT_OUT = {Path("LICENSE"), Path("pyproject.toml"), Path(__file__).relative_to(ROOT)}


def test_no_prose_holds_a_phrase_of_the_list() -> None:
    files = _files()
    assert len(files) > 300
    found = [hit for file in files for hit in _hits(ROOT / file)]
    assert found == [], "\n".join(["", *found])


@pytest.mark.parametrize(
    ("name", "text", "hits"),
    [
        ("page.md", "It is no date.", 1),
        ("page.md", "There is no date; it is no longer one.", 0),
        ("page.md", "as there\nis no date", 0),
        ("page.md", "It is not a date.", 0),
        ("page.md", "Mend it, then mend it anew.", 3),
        ("page.md", "an amendment to recommend", 0),
        ("code.py", "# It is\n# no date.\n", 1),
        ("code.py", "begun = 1\nCatalogue = 2\n", 0),
        ("code.py", "raise ValueError(f'{begun} was'\n    f' no number')\n", 1),
        ("code.py", '"""A catalogue."""\ntask_id = "refresh_catalogue"\n', 1),
    ],
)
def test_what_counts_as_a_hit(tmp_path: Path, name: str, text: str, hits: int) -> None:
    (tmp_path / name).write_text(text)
    assert len(list(_hits(tmp_path / name))) == hits


def _files() -> list[Path]:
    """What git tracks and somebody wrote."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [file for file in files if file.suffix in WRITTEN_BY_HAND and file not in LEFT_OUT]


def _hits(file: Path) -> Iterator[str]:
    for line, prose in _passages(file):
        for phrase, better in INSTEAD.items():
            for hit in re.finditer(phrase, prose, re.IGNORECASE):
                if not re.search(rf"\bthere{GAP}$", prose[: hit.start()], re.IGNORECASE):
                    at = line + prose.count("\n", 0, hit.start())
                    found = " ".join(hit.group().split())
                    yield f"{os.path.relpath(file, ROOT)}:{at}: {found!r}, better: {better}"


def _passages(file: Path) -> Iterator[tuple[int, str]]:
    """First line and text: of a whole document, or of comments and strings of code that follow each other."""
    if file.suffix != ".py":
        yield 1, file.read_text(encoding="utf-8")
        return
    start, text = 0, ""
    with file.open("rb") as source:
        for token in tokenize.tokenize(source.readline):
            if tokenize.tok_name[token.type] in {"STRING", "FSTRING_MIDDLE", "COMMENT"}:
                start = start or token.start[0]
                text += "\n" * (token.start[0] - start - text.count("\n"))
                text += re.sub(r"\{[^{}\n]*\}", "{}", token.string)
            elif text and token.type not in {tokenize.NL, tokenize.INDENT}:
                yield start, text
                start, text = 0, ""
