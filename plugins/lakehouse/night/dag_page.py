"""A DAG's docstring as its page in the web UI.

Airflow 3.3.2 shows Markdown in a small window and leaves no room between paragraphs: only headings, lists and
tables have any. So each section of the docstring becomes a heading with its text below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_SECTION: Final = re.compile(r"^\*\*(?P<title>[^*\n]+?)(?P<mark>[:?])\*\*[ \n]+(?P<first>\S)", re.MULTILINE)


def dag_page(docstring: str, handles: Mapping[str, Sequence[str]] | None = None) -> str:
    """The page.

    Args:
        docstring: of the DAG's module: a title, then sections `**Produces:** the asset ...`.
        handles: lists to append, by their heading; an empty list is shown as "none".
    """
    page = _SECTION.sub(_as_heading, docstring.strip())
    for heading, items in (handles or {}).items():
        listed = "\n".join(f"- {item}" for item in items) or "- none"
        page += f"\n\n#### {heading}\n\n{listed}"
    return page + "\n"


def _as_heading(section: re.Match[str]) -> str:
    mark = "?" if section["mark"] == "?" else ""
    return f"#### {section['title']}{mark}\n\n{section['first'].upper()}"
