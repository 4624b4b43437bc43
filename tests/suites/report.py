"""What is printed of the suites when they have ended: state, time against budget, pytest's own last line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.suites.table import SUITES, TIER_BUDGET_SECONDS, Suite, Tier


@dataclass(frozen=True)
class Outcome:
    """How a suite ended: pytest's exit code and its own last line."""

    suite: Suite
    exit_code: int
    last_line: str
    seconds: float

    @property
    def is_over_budget(self) -> bool:
        return self.seconds > self.suite.budget_seconds


def summary(outcomes: list[Outcome], seconds: float) -> str:
    """One line for each suite, and one for all of them."""
    lines = ["", "== tests"]
    for outcome in outcomes:
        state = "ok" if outcome.exit_code == 0 else "FAILED"
        lines.append(
            f"  {outcome.suite.name:43} {state:7} {_against(outcome.seconds, outcome.suite.budget_seconds)}"
            f"  {_plain(outcome.last_line)}"
        )
    lines.append(f"  {'all of them':43} {'':7} {_against(seconds, _budget_of_all(outcomes))}")
    if over := [outcome.suite.name for outcome in outcomes if outcome.is_over_budget]:
        lines.append(
            f"  over budget: {', '.join(over)}. Their slowest tests are listed above; on a busy machine this"
            " means nothing"
        )
    return "\n".join(lines)


def _budget_of_all(outcomes: list[Outcome]) -> int:
    """That of the tiers whose every suite has run; of other choices the sum."""
    ran = {outcome.suite for outcome in outcomes}
    whole = [tier for tier in Tier if all(suite in ran for suite in SUITES if suite.tier == tier)]
    rest = [suite.budget_seconds for suite in ran if suite.tier not in whole]
    return sum(TIER_BUDGET_SECONDS[tier] for tier in whole) + sum(rest)


def _against(seconds: float, budget: int) -> str:
    mark = "!" if seconds > budget else " "
    return f"{seconds:5.0f} of {budget:4d} s{mark}"


def _plain(line: str) -> str:
    """Without colours and rules."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line).strip("= ")
