"""One business date of a soak, and an operator who reruns what failed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lakehouse.bronze.contract_file import load_contract
from lakehouse.landing.ledger_rows import LandingFile
from lakehouse.platform.errors import LakehouseError
from tests.soak.platform import SoakPlatform


class WorkerKilled(BaseException):
    """The worker process dies here: nothing after it runs."""


@dataclass
class Date:
    """One business date of a soak."""

    platform: SoakPlatform
    day: date
    dice: random.Random
    ordinal: int
    failures: list[str] = field(default_factory=list)

    def rerun(self, what: str, action: Callable[[], Any], attempts: int = 6) -> Any:
        """Run a task as its operator would: again after each failure, which must say what happened."""
        for _ in range(attempts - 1):
            try:
                return action()
            except (LakehouseError, WorkerKilled) as error:
                self.failures.append(f"{what}: {type(error).__name__}")
                if not str(error):
                    raise AssertionError(f"{type(error).__name__} says nothing") from error
                self.platform.wait_until_whole()
        return action()

    def failed(self, what: str, outcome: Any, expected: type[BaseException], words: str) -> None:
        """The task must have failed by this name, in words that say what to do."""
        if not isinstance(outcome, expected):
            raise AssertionError(f"{what}: not {expected.__name__}") from (
                outcome if isinstance(outcome, BaseException) else None
            )
        assert re.search(words, str(outcome), re.DOTALL), f"{what}: {outcome}"
        self.failures.append(f"{what}: {expected.__name__}")

    def extract(self, source: str, **arguments: Any) -> Any:
        return self.rerun(f"extract {source}", lambda: self.platform.extract(source, self.day, **arguments))

    def load(self, stream: str) -> Any:
        return self.rerun(f"load {stream}", lambda: self.platform.load(stream, self.day))

    def landed(self, stream: str) -> list[LandingFile]:
        return self.platform.ledger.files(load_contract(stream).source, stream, self.day)

    def is_claimed(self, source: str) -> bool:
        return self.platform.ledger.is_complete(source, self.day)
