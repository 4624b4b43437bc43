"""Every tracer that was committed at the source is accounted for."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakehouse.stream.lag_command import lag_lines
from testing.lakehouse.stream_platform import StreamPlatform


@dataclass
class Traced:
    """What became of the tracers, and the lag that they measured."""

    committed: int = 0
    charted: int = 0
    lost: int = 0
    lines: list[str] = field(default_factory=list)


def trace(platform: StreamPlatform) -> Traced:
    """Compare the source's tracers with those that were followed, once everything is merged.

    Raises:
        AssertionError: a tracer that the source holds was not seen in the hot table, or is lost.
    """
    at_source = {row[0] for row in platform.shop_rows("select tracer_id from stream_tracer")}
    assert at_source, "the source holds no tracer"
    in_hot = platform.over_flight("select tracer_id from hot.stream_tracer where not is_deleted")
    missing = sorted(at_source - set(in_hot["tracer_id"].to_pylist()))
    assert not missing, f"tracers that are not in the hot table: {missing[:5]}"
    followed = platform.rows("select tracer_id, hot_at, charted_at, lost_at from stream_tracers")
    unmarked = sorted(row[0] for row in followed if row[0] in at_source and row[1] is None)
    assert not unmarked, f"tracers that are in the hot table, unmarked: {unmarked[:5]}"
    lost = sorted(row[0] for row in followed if row[3] is not None)
    assert not lost, f"tracers that count as lost: {lost[:5]}"
    charted = sum(row[2] is not None for row in followed)
    return Traced(len(followed), charted, len(lost), lag_lines(platform.postgres))
