"""A verdict as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lakehouse.observe.why_stale.hops import HopState, Verdict, clock

WORDS: Final = {
    HopState.FRESH: "ok",
    HopState.STALE: "STALE",
    HopState.RUNNING: "running",
    HopState.UNSEEN: "unseen",
}
_NAME: Final = 17


def lines(verdict: Verdict) -> Iterator[str]:
    """The answer first, then the hops from the dashboard to the sources, with the evidence that decides."""
    first = verdict.first_stale
    if first is not None:
        yield f"{verdict.subject} does not show {verdict.business_date}: held back at {first.name}"
        yield f"  {first.summary}"
        yield from (f"    {line}" for line in first.evidence)
        yield f"  type: {first.command}" if first.command else "  nothing to type: wait for it to end"
    elif verdict.is_fresh:
        yield f"{verdict.subject} is fresh: it shows {verdict.business_date}"
    else:
        yield f"{verdict.subject}: whether it shows {verdict.business_date} cannot be seen"
    yield from (f"  note: {note}" for note in verdict.notes)
    yield ""
    for hop in reversed(verdict.hops):
        behind = hop.holds_back and hop is not first
        word = "behind" if behind else WORDS[hop.state]
        passed = f" ({clock(hop.passed_at)})" if hop.passed_at else ""
        yield f"  {hop.name:<{_NAME}} {word:<8} {hop.summary}{passed}"
        if hop is not first and hop.state in (HopState.FRESH, HopState.UNSEEN):
            yield from (f"  {'':<{_NAME}} {'':<8}   {line}" for line in hop.evidence)
