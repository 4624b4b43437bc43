"""From the sections' data to HTML. Everything that is filled in is escaped."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from lakehouse.observe.facts.log_links import URL_VARIABLE, log_url
from lakehouse.observe.health_page.formats import FILTERS
from lakehouse.observe.health_page.reading import Asked, Page, Read

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"
REFRESH_SECONDS: Final = 30


@dataclass(frozen=True)
class Visitor:
    """Whom a page is made for."""

    name: str
    form_token: str
    """Proves that a form came from this page (`access.form_token`)."""
    may_operate: bool
    """Whether the page offers to acknowledge incidents."""


def page_html(page: Page, visitor: Visitor, is_newest: bool) -> str:
    """The whole page.

    Args:
        page: what was read.
        visitor: whom it is for.
        is_newest: whether it was asked for without a date, and goes on with the newest night.
    """
    asked = page.asked
    return _template("page.html").render(
        asked=asked,
        now=asked.now,
        night=asked.night,
        before=asked.night - timedelta(days=1),
        after=asked.night + timedelta(days=1) if asked.night < asked.now.date() else None,
        is_newest=is_newest,
        parts=[
            (read, section_html(read, asked, visitor), section_digest(read, asked, visitor))
            for read in page.reads
        ],
        refresh_seconds=REFRESH_SECONDS,
        visitor=visitor,
        version=_static_version(),
    )


def section_html(read: Read, asked: Asked, visitor: Visitor) -> Markup:
    """The inside of one section."""
    name = f"{read.name}.html" if read.problem is None else "problem.html"
    html = _template(name).render(
        read=read, data=read.data, asked=asked, now=asked.now, night=asked.night, visitor=visitor
    )
    return Markup(html)  # noqa: S704 - the template has escaped what it was given


def section_digest(read: Read, asked: Asked, visitor: Visitor) -> str:
    """Tells whether a section looks as it did; a form's token, which is new each time, is left out."""
    html = section_html(read, asked, replace(visitor, form_token=""))
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def refusal_html(code: int, reason: str) -> str:
    """The page that a browser gets instead."""
    return _template("refusal.html").render(code=code, reason=reason, version=_static_version())


def log_html(page: Any) -> str:
    """The page with a task's log (`log_page.LogPage`)."""
    return _template("log.html").render(
        asked=page.asked,
        entries=page.entries,
        total=page.total,
        problem=page.problem,
        version=_static_version(),
    )


def run_address(dag_id: str, run_id: str) -> str:
    """A run in Airflow's UI, relative to the page."""
    return f"../dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def task_address(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
    """A task's log in Airflow's UI, relative to the page."""
    mapped = f"/mapped/{map_index}" if map_index >= 0 else ""
    return f"{run_address(dag_id, run_id)}/tasks/{quote(task_id, safe='')}{mapped}"


def search_address(stage: str, run_id: str, task_id: str, attempt: int, map_index: int = -1) -> str:
    """A task's log in Elasticsearch: the page beside this one, or the one that a setting names."""
    named = {URL_VARIABLE: os.environ.get(URL_VARIABLE, "")}
    address = log_url(stage, run_id, task_id, attempt, map_index, environment=named)
    return address.removeprefix("/lakehouse/")


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        run_address=run_address, task_address=task_address, search_address=search_address
    )
    return environment


@cache
def _static_version() -> str:
    """Changes when a static file does, so that a browser keeps them until then."""
    content: Any = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        content.update(path.read_bytes())
    return str(content.hexdigest()[:12])
