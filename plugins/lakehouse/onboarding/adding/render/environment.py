"""The templates of this package, and what they write values with."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_WIDTH: Final = 110


def fill(template: str, **values: Any) -> str:
    """A template of `templates/` with its values; ends with one line break."""
    return _environment().get_template(template).render(**values).rstrip() + "\n"


def yaml_value(value: Any) -> str:
    """A value as YAML on one line: `[a, b]`, `"yes"`, `{type: bigint}`."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("...\n").strip()


def yaml_text(text: str, indent: int) -> str:
    """A sentence as a YAML value: plain if it fits on the line, else folded below it."""
    words = " ".join(text.split())
    plain = yaml_value(words)
    if len(plain) + indent + len("description: ") <= _WIDTH:
        return plain
    pad = " " * (indent + 2)
    return ">\n" + textwrap.fill(words, _WIDTH, initial_indent=pad, subsequent_indent=pad)


@cache
def _environment() -> Environment:
    # YAML and SQL are made here, not HTML: escaping would corrupt them.
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        # dbt's own braces are left as they are.
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters["yaml"] = yaml_value
    environment.filters["yaml_text"] = yaml_text
    environment.filters["python"] = repr
    return environment
