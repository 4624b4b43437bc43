"""The landing objects of the nights, without those of the streams: a day brings tens of thousands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.platform.lake_layout import LANDING, landing_folder
from lakehouse.platform.storage import LakeObject, LakeStorage

_PAST_EVERY_NAME: Final = "~"
"""Behind every name that a folder of landing can hold."""


def streamed_folders() -> tuple[str, ...]:
    """Where the connections land that no night reads."""
    every = read_all_connection_files()
    nightly = by_the_clock(every)
    return tuple(sorted(landing_folder(each.source_folder) for each in every if each not in nightly))


def objects_of_nights(lake: LakeStorage) -> Iterator[LakeObject]:
    """Every landing object that some night may claim, also of sources that no file declares any more."""
    after = ""
    for folder in streamed_folders():
        for item in lake.objects(LANDING, after):
            if item.key >= folder:
                break
            yield item
        after = f"{folder}{_PAST_EVERY_NAME}"
    yield from lake.objects(LANDING, after)
