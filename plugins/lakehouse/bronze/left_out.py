"""Sources that a date has nothing of because they have no values here."""

from __future__ import annotations

from collections.abc import Iterable

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.left_out import why_left_out


def left_out_sources(sources: Iterable[str]) -> dict[str, str]:
    """Of these sources, as landing spells them, those without values, each with what it lacks.

    Raises:
        ConnectionNotAnsweredError: Airflow could not say.
    """
    by_folder = {each.source_folder: each for each in read_all_connection_files()}
    reasons = {source: why_left_out(by_folder[source]) for source in sorted(set(sources) & by_folder.keys())}
    return {source: why for source, why in reasons.items() if why is not None}
