"""A DAG's page as Airflow's web UI shows it: rendered, because a docstring may look right and read badly."""

from __future__ import annotations

from itertools import pairwise

from markdown_it import MarkdownIt

from lakehouse.night.dag_page import dag_page

DOCSTRING = """
### Load the night

**Produces:** the asset `bronze` and, in the bucket:

- one partition;
- bad rows.

**If it fails:** **no** stage runs.
Fix it.

**Safe to rerun?** Yes.
"""


def rendered(page: str) -> list[tuple[str, str]]:
    """Tag and text of each block, as CommonMark has it."""
    tokens = MarkdownIt().parse(page)
    return [(token.tag, inline.content) for token, inline in pairwise(tokens) if inline.type == "inline"]


def test_each_section_is_a_heading_with_its_text_below() -> None:
    assert rendered(dag_page(DOCSTRING)) == [
        ("h3", "Load the night"),
        ("h4", "Produces"),
        ("p", "The asset `bronze` and, in the bucket:"),
        ("p", "one partition;"),
        ("p", "bad rows."),
        ("h4", "If it fails"),
        ("p", "**no** stage runs.\nFix it."),
        ("h4", "Safe to rerun?"),
        ("p", "Yes."),
    ]


def test_what_the_dag_handles_is_listed_and_nothing_is_said_to_be_nothing() -> None:
    blocks = rendered(dag_page(DOCSTRING, {"Streams": ["`orders` from `shop`", "`customers`"], "Files": []}))
    assert blocks[-5:] == [
        ("h4", "Streams"),
        ("p", "`orders` from `shop`"),
        ("p", "`customers`"),
        ("h4", "Files"),
        ("p", "none"),
    ]
