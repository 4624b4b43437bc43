"""The doctor's findings for people and for programs, without any secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from lakehouse.observe.doctor.finding import Finding, Severity
from lakehouse.observe.doctor.run import Outcome, exit_code

Redact = Callable[[str], str]


def as_json(outcomes: Sequence[Outcome], redact: Redact) -> str:
    """One document: `exit_code`, and for each probe its findings or why there are none."""
    document = {
        "exit_code": exit_code(outcomes),
        "probes": [
            {
                "probe": outcome.probe.name,
                "group": outcome.probe.group,
                "seconds": round(outcome.seconds, 2),
                "could_not_look": _redacted(outcome.not_seen, redact),
                "nothing_to_see": _redacted(outcome.nothing_to_see, redact),
                "findings": [_as_dict(finding, redact) for finding in outcome.findings],
            }
            for outcome in outcomes
        ],
    }
    return json.dumps(document, indent=2)


def as_text(outcomes: Sequence[Outcome], redact: Redact) -> str:
    """The worst first; then what could not be seen; then one line that sums up."""
    found = [(outcome.probe.name, finding) for outcome in outcomes for finding in outcome.findings]
    order = list(Severity)
    found.sort(key=lambda pair: order.index(pair[1].severity))
    lines = []
    for name, finding in found:
        lines += [
            redact(f"{finding.severity.upper():6}{name}: {finding.what}"),
            redact(f"      seen: {finding.evidence}"),
            redact(f"      type: {finding.command}"),
        ]
    unseen = [outcome for outcome in outcomes if outcome.not_seen]
    lines += [redact(f"NOT SEEN  {outcome.probe.name}: {outcome.not_seen}") for outcome in unseen]
    counts = [(severity, sum(finding.severity is severity for _, finding in found)) for severity in order]
    summary = ", ".join(f"{count} {severity}" for severity, count in counts if count) or "nothing found"
    looked = len(outcomes) - len(unseen)
    lines.append(f"{summary}; {looked} of {len(outcomes)} probes could look")
    return "\n".join(lines)


def _as_dict(finding: Finding, redact: Redact) -> dict[str, Any]:
    return {
        "severity": str(finding.severity),
        "what": redact(finding.what),
        "evidence": redact(finding.evidence),
        "command": redact(finding.command),
    }


def _redacted(text: str | None, redact: Redact) -> str | None:
    return None if text is None else redact(text)
