"""Every fault that a date can meet, by the stage in which it strikes."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final

from tests.soak import extract_faults, load_faults, source_faults
from tests.soak.dates import Date

Fault = Callable[[Date], None]


class Stage(Enum):
    """When a fault strikes; a date meets one of each."""

    SOURCE = "before the extract"
    EXTRACT = "while rows are extracted"
    LOAD = "while partitions are loaded"


ALL_FAULTS: Final[dict[Stage, tuple[Fault, ...]]] = {
    Stage.SOURCE: (
        source_faults.rows_break_the_contract,
        source_faults.rows_are_mended,
        source_faults.text_is_strange,
        source_faults.clocks_change,
        source_faults.column_is_added,
        source_faults.column_is_dropped,
        source_faults.column_is_retyped,
    ),
    Stage.EXTRACT: (
        extract_faults.source_is_down,
        extract_faults.source_dies_mid_sync,
        extract_faults.source_database_dies_mid_sync,
        extract_faults.postgres_crashes_mid_sync,
        extract_faults.airbyte_cannot_store,
        extract_faults.airbyte_dies_mid_job,
        extract_faults.job_is_cancelled,
        extract_faults.connection_is_busy,
        extract_faults.polls_fail,
        extract_faults.task_is_killed_while_running,
        extract_faults.task_is_killed_while_deferred,
        extract_faults.task_dies_without_a_word,
        extract_faults.polls_of_the_trigger_fail,
        extract_faults.two_extracts_at_once,
        extract_faults.synced_twice,
        extract_faults.delivered_twice_out_of_order,
        source_faults.keys_are_missing_and_double,
        source_faults.column_becomes_text,
        source_faults.api_answers_strangely,
    ),
    Stage.LOAD: (
        load_faults.landing_is_truncated,
        load_faults.landing_is_not_parquet,
        load_faults.store_refuses_writes,
        load_faults.worker_dies_while_publishing,
        load_faults.postgres_crashes,
        load_faults.disk_is_full,
        load_faults.two_loads_at_once,
    ),
}

ALONE: Final[frozenset[Fault]] = frozenset(
    {
        extract_faults.source_is_down,
        extract_faults.source_dies_mid_sync,
        extract_faults.postgres_crashes_mid_sync,
        extract_faults.airbyte_cannot_store,
        extract_faults.airbyte_dies_mid_job,
        extract_faults.synced_twice,
        source_faults.api_answers_strangely,
    }
)
"""Faults of the extract that touch more than the shop's database: no other source is asked meanwhile."""
