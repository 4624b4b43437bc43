"""A sink that is away for long, and lines that cannot be sent, are incidents; they end when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.troubles import SinkState, tell_troubles
from lakehouse.platform.connections import DirectPostgres

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def told(postgres: DirectPostgres, name: str) -> list[str]:
    return [each.summary for each in open_incidents(postgres) if each.summary.startswith(name)]


def test_a_sink_that_stays_away_is_told_once_and_resolved(postgres: DirectPostgres, tmp_path: Path) -> None:
    cursors = Cursors(tmp_path / "cursors.sqlite")
    away = SinkState("sink-one", NOW, "connection refused")
    tell_troubles(postgres, cursors, [away], NOW + timedelta(minutes=9))
    assert told(postgres, "sink-one") == []
    for minutes in (10, 11, 12):
        tell_troubles(postgres, cursors, [away], NOW + timedelta(minutes=minutes))
    assert len(told(postgres, "sink-one")) == 1
    tell_troubles(postgres, cursors, [SinkState("sink-one", None, "")], NOW + timedelta(minutes=13))
    assert told(postgres, "sink-one") == []


def test_refused_and_lost_lines_are_told_until_none_has_been_added_for_an_hour(
    postgres: DirectPostgres, tmp_path: Path
) -> None:
    cursors = Cursors(tmp_path / "cursors.sqlite")
    sink = SinkState("sink-two", None, "")
    tell_troubles(postgres, cursors, [sink], NOW)
    assert told(postgres, "sink-two") == []
    cursors.count({"sink-two.dead_letters": 3, "sink-two.lost_bytes": 100})
    tell_troubles(postgres, cursors, [sink], NOW)
    tell_troubles(postgres, cursors, [sink], NOW + timedelta(minutes=59))
    assert len(told(postgres, "sink-two")) == 2
    tell_troubles(postgres, cursors, [sink], NOW + timedelta(minutes=61))
    assert told(postgres, "sink-two") == []
    tell_troubles(postgres, cursors, [sink], NOW + timedelta(minutes=62))
    assert told(postgres, "sink-two") == []
