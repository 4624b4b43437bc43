"""What include/airbyte/ declares, whatever business it is: every connection has its place in the night."""

from __future__ import annotations

import pytest

from lakehouse.airbyte.cadence import by_the_clock, cron_of
from lakehouse.airbyte.connection_file import CONNECTION_FILES, ConnectionFile, read_all_connection_files
from lakehouse.airbyte.night_syncs import night_syncs
from lakehouse.night.plan import NIGHT

EVERY = read_all_connection_files()


def test_every_file_is_read() -> None:
    assert [each.name for each in EVERY] == sorted(path.stem for path in CONNECTION_FILES.glob("*.yaml"))


def test_every_connection_is_synced_by_one_stage_or_streamed() -> None:
    stages = [stage.name for stage in NIGHT if not stage.waits_for]
    synced = [each.name for stage in stages for each in night_syncs(stage)]
    assert sorted(synced) == sorted(each.name for each in EVERY if not each.is_streamed)


def test_every_connection_has_a_clock_or_is_streamed() -> None:
    with_a_clock = by_the_clock(EVERY)
    assert all(each.is_streamed for each in EVERY if each not in with_a_clock)
    assert len({cron_of(each, with_a_clock) for each in with_a_clock}) == len(with_a_clock)


@pytest.mark.parametrize("declared", EVERY, ids=lambda declared: declared.name)
def test_a_declarative_source_has_a_manifest_with_its_streams(declared: ConnectionFile) -> None:
    if declared.source.type != "declarative":
        assert declared.source.manifest is None
        return
    offered = {stream["name"] for stream in declared.source.read_manifest()["streams"]}
    assert {stream.name for stream in declared.streams} <= offered
