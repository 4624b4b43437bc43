"""What the page shows: in words and signs, escaped, and as tables that a screen reader can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.freshness import DataAge
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.gantt import Estimate
from lakehouse.observe.health_page.html import Visitor, page_html, section_digest, section_html
from lakehouse.observe.health_page.measured import gathered
from lakehouse.observe.health_page.reading import Asked, Page, Read
from lakehouse.observe.health_page.sections import (
    SECTIONS,
    age,
    dashboards,
    incidents,
    nights,
    storage,
    stream,
    syncs,
)
from lakehouse.observe.health_page.sections import tonight as tonight_section
from lakehouse.observe.incidents.finding import Incident
from lakehouse.observe.metrics.days import Day
from lakehouse.receipts.render import receipt
from lakehouse.receipts.store import TaskRecord
from lakehouse.stream.lag import HopLag, Lag, Percentiles
from lakehouse.stream.ledger import Batch, BatchState
from lakehouse.stream.loop_state import Loop, LoopState
from testing.lakehouse.planted_nights import PlantedNight

DAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 3, 30, tzinfo=UTC)
ASKED = Asked(DAY, NOW)
HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(2)> ' {{ 7*7 }}"""
ADMIN = Visitor("admin", "token-of-form", may_operate=True)
TITLES = {section.name: section.title for section in SECTIONS}


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def night_of(night: PlantedNight, now: datetime = NOW, estimate: Estimate | None = None, **more: Any) -> Any:
    told = receipt(NIGHT, night.business_date, night.records())
    return tonight_section.shaped(told, Asked(night.business_date, now), estimate, **more)


def incident(**values: Any) -> Incident:
    plain = Incident(
        7, "failed", "load_bronze", DAY, None, "page", "load_bronze failed", "it broke", "bin/stage clear x",
        {"owner": "lakehouse", "run_url": "https://airflow/dags/x"}, "f", NOW - timedelta(hours=1), NOW, 1,
        None, None, None, None,
    )  # fmt: skip
    return replace(plain, **values)


def shown(name: str, data: Any, asked: Asked = ASKED, visitor: Visitor = ADMIN) -> str:
    return str(section_html(Read(name, TITLES[name], data), asked, visitor))


def words(html: str) -> str:
    """The text of the page, with single spaces."""
    texts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = texts.append  # type: ignore[method-assign]
    parser.feed(html)
    return " ".join(" ".join(texts).split())


def streaming(text: str = "Dremio is away", **more: Any) -> stream.Stream:
    """The section of a stream of which everything is known."""
    loop = Loop(LoopState.BACKING_OFF, text, text, NOW - timedelta(minutes=1), NOW, None, NOW)
    merged = Batch(
        7, BatchState.MERGED, DAY, text, 1, 1, 2, 1_234, 1, None, NOW - timedelta(seconds=3), NOW, NOW, NOW
    )
    held = replace(merged, id=8, state=BatchState.LANDED, attempts=3, last_error=text)
    hops = tuple(HopLag(hop, None, Percentiles(600, 1.5, 2.5, 3.5), 1, NOW, 70.0) for hop in ("hot", "chart"))
    lag = Lag(True, False, NOW, 4.2, None, text, 0.0, 0.0, 1, NOW, NOW, 5.0, None, 0, hops)
    parts: dict[str, Any] = {
        "loop": loop, "last": merged, "held": held, "lag": lag, "edge": (DAY, NOW),
        "seam": ("different", NOW, text), "not_read": [text], "dashboards": [text],
    }  # fmt: skip
    return stream.shaped(**(parts | more))


def whole_page(text: str) -> str:
    """A page with the text wherever something comes from outside."""
    failed = PlantedNight(DAY, fails_at="load_bronze", error=text)
    sync = {
        "connection": text, "business_date": DAY, "stage": "extract_apis", "run_id": text, "task_id": text,
        "state": "failed", "attempts": 2, "started_at": NOW, "ended_at": None, "error": text, "rows": None,
        "bytes": None, "reused": None,
    }  # fmt: skip
    bad = incident(
        summary=text, error=text, command=text, root=text, kind=text, acknowledged_by=text,
        acknowledged_at=NOW, evidence={"owner": text, "sample_rows": [text], "run_url": f"javascript:{text}"},
    )  # fmt: skip
    used = Day("minio_disk_usage_bytes", {"bucket": text}, DAY, 5.0, 0, {})
    found = gathered([used], NOW, NOW)
    detail = {"dashboard": text, "charts": [{"chart": text, "cold_ms": 1, "hit_ms": 1}], "hits": 1}
    sections = {
        "incidents": incidents.shaped([bad], [replace(bad, resolved_at=NOW, fixed_by=text)]),
        "tonight": night_of(failed),
        "age": age.shaped((DataAge(text, DAY, NOW, timedelta(hours=3)),), read_lineage(), NOW),
        "syncs": syncs.shaped([sync], read_lineage(), ASKED),
        "dashboards": dashboards.shaped([(DAY, NOW, detail)], read_lineage(), ASKED),
        "storage": storage.Storage(
            storage.shaped_bronze([(DAY, 5, 5)]), storage.shaped_buckets(found), NOW, is_stale=True
        ),
        "nights": nights.shaped(failed.records(), ["orders", text], ASKED),
        "stream": streaming(text),
    }
    assert sections.keys() == TITLES.keys()
    reads = [Read(name, TITLES[name], sections[name]) for name in TITLES]
    return page_html(Page(ASKED, reads), replace(ADMIN, name=text), is_newest=True)


def test_text_from_outside_stays_text() -> None:
    page, harmless = whole_page(HOSTILE), whole_page("harmless")
    found = Elements(page)
    plain = Elements(harmless)
    assert [tag for tag, _ in found.found] == [tag for tag, _ in plain.found]
    assert len(found.of("script")) == 1
    assert not [
        attributes for _, attributes in found.found if any(name.startswith("on") for name in attributes)
    ]
    assert not [
        link
        for link in found.of("a")
        if not str(link["href"]).startswith(("..", "?", "health", "https://", "logs?"))
    ]
    assert page.count("alert(1)") > 10
    assert words(page).count("49") == words(harmless).count("49"), (
        "7 * 7 is not worked out; a time may have it"
    )


def test_a_page_names_its_sections_to_a_screen_reader() -> None:
    found = Elements(whole_page("text"))
    sections = found.of("section")
    assert [each["id"] for each in sections] == list(TITLES)
    titles = {each.get("id") for each in found.of("h2")}
    assert {each["aria-labelledby"] for each in sections} == titles
    assert found.of("html")[0]["lang"] == "en"
    assert all("scope" in each for each in found.of("th"))
    assert all(
        each.get("aria-hidden") == "true" or each.get("role") == "img"
        for each in found.of("svg")
        if "key" not in str(each.get("class"))
    )
    ids = [attributes["id"] for _, attributes in found.found if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("night", "now", "told"),
    [
        (PlantedNight(DAY), "06:00", "done : dashboards warm at 03:2"),
        (PlantedNight(DAY, slow={"transform_marts": 6.0}), "09:00", "late"),
        (PlantedNight(DAY, fails_at="transform_marts"), "05:00", "failed : 5 of 9 stages done"),
        (PlantedNight(DAY, until=datetime(2026, 11, 29, 2, 8, tzinfo=UTC)), "02:08", "running : 3 of 9"),
        (PlantedNight(DAY, until=datetime(2026, 11, 29, 0, 1, tzinfo=UTC)), "00:01", "begins at"),
        (PlantedNight(DAY, until=datetime(2026, 11, 29, 0, 1, tzinfo=UTC)), "01:30", "Is the scheduler"),
    ],
)  # fmt: skip
def test_the_headline_of_the_night_says_how_it_stands(night: PlantedNight, now: str, told: str) -> None:
    moment = datetime.fromisoformat(f"2026-11-29T{now}:00+00:00")
    assert told in words(shown("tonight", night_of(night, moment)))


def test_a_running_night_says_when_it_will_be_done_and_how_sure_that_is() -> None:
    until = datetime(2026, 11, 29, 2, 20, tzinfo=UTC)
    times = [until + timedelta(minutes=minutes) for minutes in (90, 110, 150)]
    data = night_of(PlantedNight(DAY, until=until), until, Estimate(*times), chance_of_miss=0.62)
    text = words(shown("tonight", data, Asked(DAY, until)))
    assert "Dashboards warm at about 04:10" in text
    assert "90 % sure: 03:50 to 04:50" in text
    assert "chance of missing it 62 %" in text


def test_a_failed_task_shows_its_error_and_leads_to_its_log() -> None:
    page = shown(
        "tonight", night_of(PlantedNight(DAY, fails_at="load_bronze", error="ContractBrokenError: orders"))
    )
    assert "ContractBrokenError: orders" in page
    task = next(
        record for record in PlantedNight(DAY, fails_at="load_bronze").records() if record.state == "failed"
    )
    links = [str(each["href"]) for each in Elements(page).of("a")]
    run = task.run_id.replace(":", "%3A").replace("+", "%2B")
    assert f"../dags/load_bronze/runs/{run}/tasks/{task.task_id}" in links
    assert f"../dags/load_bronze/runs/{run}" in links
    found = [link for link in links if link.startswith("logs?")]
    assert len(found) == 1
    asked = parse_qs(found[0].removeprefix("logs?"))
    assert asked["task"] == [task.task_id]
    assert asked["run_id"] == [task.run_id]


def test_a_mapped_task_leads_to_its_own_log() -> None:
    told = receipt(NIGHT, DAY, [_mapped()])
    task = tonight_section.shaped(told, ASKED).tasks[0]
    assert (task.task_id, task.map_index) == ("load", 3)
    assert "/tasks/load/mapped/3" in shown("tonight", tonight_section.shaped(told, ASKED))


def _mapped() -> TaskRecord:
    record = PlantedNight(DAY).records()[0]
    return replace(record, task_id="load", map_index=3)


def test_an_incident_offers_its_command_and_a_form_to_whoever_may_act() -> None:
    data = incidents.shaped([incident()], [])
    page = Elements(shown("incidents", data))
    assert page.of("form")[0]["action"] == "incidents/7/acknowledge"
    assert {"name": "form_token", "value": "token-of-form", "type": "hidden"} in page.of("input")
    assert [each["data-copy"] for each in page.of("button") if "data-copy" in each] == ["command-7"]
    viewer = shown("incidents", data, visitor=replace(ADMIN, may_operate=False))
    assert "<form" not in viewer
    assert "Nobody is on it yet" in viewer
    taken = incidents.shaped([incident(acknowledged_at=NOW, acknowledged_by="Ada")], [])
    assert "<form" not in shown("incidents", taken)
    assert "Ada is on it" in words(shown("incidents", taken))


def test_many_incidents_are_cut_and_counted() -> None:
    data = incidents.shaped([incident(incident_id=number) for number in range(1_000)], [])
    page = shown("incidents", data)
    assert "Open incidents (1000)" in words(page)
    assert page.count("<article") == incidents.MOST
    assert f"{1_000 - incidents.MOST} more" in page


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil",
        "",
        None,
        "https://",
        "vbscript:x",
        " JAVASCRIPT:x",
        "http://[x",
    ],
)
def test_only_web_addresses_become_links(address: str | None) -> None:
    assert incidents.web_address(address) is None


def test_the_digest_changes_with_what_is_shown_and_not_with_the_form_token() -> None:
    read = Read("incidents", "Open incidents", incidents.shaped([incident()], []))
    same = section_digest(read, ASKED, replace(ADMIN, form_token="another"))
    assert section_digest(read, ASKED, ADMIN) == same
    other = Read("incidents", "Open incidents", incidents.shaped([incident(occurrences=2)], []))
    assert section_digest(other, ASKED, ADMIN) != same
    assert section_digest(read, ASKED, replace(ADMIN, may_operate=False)) != same


def test_a_section_without_data_says_why_and_keeps_its_title() -> None:
    page = section_html(Read("storage", "Storage", problem="PostgreSQL is <away>."), ASKED, ADMIN)
    assert '<h2 id="storage-title">Storage</h2>' in page
    assert "PostgreSQL is &lt;away&gt;." in page


@pytest.mark.parametrize("state", ["success", "failed", "running", "late", "not_started", "up_for_retry"])
def test_every_state_is_a_word_beside_its_sign(state: str) -> None:
    row = {
        "connection": "c", "business_date": DAY, "stage": "extract_apis", "run_id": "r", "task_id": "t",
        "state": state, "attempts": 1, "started_at": NOW, "ended_at": NOW, "error": None, "rows": 1,
        "bytes": 1, "reused": False,
    }  # fmt: skip
    page = shown("syncs", syncs.shaped([row], read_lineage(), ASKED))
    mark = page[page.index('class="mark') :]
    assert mark.index("<svg") < mark.index("</span>")
    assert words(f"<span {mark[: mark.index('</td>')]}").strip()


def test_a_stream_that_was_never_started_is_told_how_to_start() -> None:
    data = streaming(loop=None, last=None, held=None, lag=None, edge=None, seam=None, not_read=[])
    page = words(shown("stream", replace(data, dashboards=["Live Orders"])))
    assert "never started : bin/stream start starts it; until then Live Orders shows nothing new." in page


def test_what_the_stream_does_and_what_keeps_it_back_is_in_words() -> None:
    page = words(shown("stream", streaming(not_read=[])))
    for told in (
        "trying again", "stream_orders", "Dremio is away", "Behind 4.2 s stalls at hot",
        "1,234 rows in 3.0 s", "landed batch 8", "attempt 3", "Audited before 2026-11-29",
        "Seam different", "hot 600 tracers", "1.5 s 2.5 s 3.5 s 1 min 10 s",
    ):  # fmt: skip
        assert told in page.replace(" , ", ", "), told


@pytest.mark.parametrize("part", ["lag", "edge", "seam"])
def test_a_part_of_the_stream_that_cannot_be_read_takes_nothing_from_the_others(part: str) -> None:
    page = words(shown("stream", streaming(**{part: None, "not_read": [part]})))
    assert f"not measured yet : {part}. Run the DAG provision_platform." in page
    assert "1,234 rows" in page
    assert ("Audited before 2026-11-29" in page) is (part != "edge")
    assert ("Seam different" in page) is (part != "seam")
    assert ("Behind 4.2 s" in page) is (part != "lag")


@pytest.mark.parametrize(
    ("state", "seconds", "held", "told"),
    [
        (LoopState.IDLE, 1, False, ("success", "nothing to read")),
        (LoopState.RUNNING, 1, True, ("running", "reading")),
        (LoopState.YIELDING, 1, False, ("late", "waits for the night")),
        (LoopState.WAITING, 1, False, ("failed", "waits after a failed run")),
        (LoopState.ENDED, 5, False, ("running", "between two runs")),
        (LoopState.ENDED, 9_000, False, ("unknown", "stopped")),
        (LoopState.ENDED, 9_000, True, ("failed", "silent")),
        (LoopState.RUNNING, 300, True, ("running", "reading")),
        (LoopState.RUNNING, 700, True, ("failed", "silent")),
    ],
)
def test_a_loop_that_is_silent_is_not_taken_for_one_that_runs(
    state: LoopState, seconds: int, held: bool, told: tuple[str, str]
) -> None:
    loop = Loop(state, None, "r", NOW, NOW - timedelta(seconds=seconds), None, NOW)
    data = streaming(loop=loop) if held else streaming(loop=loop, held=None)
    assert (data.state, data.word) == told
