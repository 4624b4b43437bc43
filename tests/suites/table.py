"""Every suite of tests: where it is, in which environment it runs, and how long it may take.

CONTRIBUTING.md has the rule by which a test belongs to a tier.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


class Tier(StrEnum):
    """When a suite runs: `make test` runs the first tier, `make verify` two, `make stream` the last."""

    TEST = "test"
    REST = "rest"
    STREAM = "stream"


@dataclass(frozen=True)
class Suite:
    """Folders of tests that run in one process, in one environment."""

    tier: Tier
    kind: str
    part: str
    environment: str
    folders: tuple[str, ...]
    budget_seconds: int
    """On two quiet cores, with another suite beside it. What takes longer is said so, and does not fail."""
    package: str = ""
    """The package whose tests these are; its folder is where they run."""
    needs_shop: bool = False
    """The demo shop is what all of its tests are about, or made of: without the shop it is left out."""

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.part}"

    @property
    def home(self) -> Path:
        return ROOT / "packages" / self.package if self.package else ROOT

    def holds(self, file: Path) -> bool:
        """Does this suite run that file?"""
        return any(file.is_relative_to(self.home / folder) for folder in self.folders)


WHY_LEFT_OUT: Final = "the shop is not declared"
"""In airflow_settings.yaml, after `bin/source remove shop`."""

NEEDS_SHOP: Final = (
    "tests/integration/embedded/shop",
    "tests/integration/embedded/stack/test_stack_lifecycle.py",
    "tests/integration/lakehouse/bronze",
    "tests/integration/lakehouse/dbt/test_dbt_gate.py",
    "tests/integration/lakehouse/dbt/test_dbt_replay.py",
    "tests/integration/lakehouse/landing",
    "tests/integration/lakehouse/superset",
    "tests/unit/lakehouse/bronze/test_bronze_partition.py",
    "tests/unit/shop",
)
"""Folders and files of other suites that need the shop: its contracts, models, dashboards or rows. A single
test has the marker `needs_shop`."""

TIER_BUDGET_SECONDS: Final = {Tier.TEST: 12 * 60, Tier.REST: 30 * 60, Tier.STREAM: 5 * 60}
"""`make test` may take 15 minutes from a clean clone, with its environments; `make verify` 45 in all."""

SUITES: Final = (
    # Those that end last begin first in each tier, so that both lanes have work until the end.
    Suite(Tier.TEST, "night", "one", "embedded", ("tests/night/one",), 480, needs_shop=True),
    Suite(
        Tier.TEST,
        "integration",
        "lakehouse",
        "airflow",
        ("tests/integration/lakehouse",),
        300,
    ),
    Suite(Tier.TEST, "integration", "embedded", "embedded", ("tests/integration/embedded",), 150),
    Suite(
        Tier.TEST,
        "unit",
        "lakehouse",
        "airflow",
        ("tests/unit/lakehouse", "tests/unit/dags", "tests/unit/airflow", "tests/unit/shop"),
        60,
    ),
    Suite(Tier.TEST, "unit", "embedded", "embedded", ("tests/unit/embedded", "tests/unit/repository"), 30),
    Suite(Tier.TEST, "unit", "dremio_engine", "embedded", ("tests/unit",), 90, "dremio_engine"),
    Suite(Tier.TEST, "unit", "airbyte_engine", "embedded", ("tests/unit",), 60, "airbyte_engine"),
    Suite(Tier.REST, "night", "observed", "airflow", ("tests/night/observed",), 600, needs_shop=True),
    Suite(Tier.REST, "night", "onboarding", "embedded", ("tests/night/onboarding",), 300, needs_shop=True),
    Suite(
        Tier.REST,
        "wire",
        "airbyte_engine",
        "embedded",
        ("tests/wire",),
        300,
        "airbyte_engine",
        needs_shop=True,
    ),
    Suite(
        Tier.REST,
        "stream",
        "short",
        "airflow",
        (
            "tests/stream/test_short_stream.py",
            "tests/stream/test_killed_programs.py",
            "tests/stream/hot",
            "tests/stream/lag",
            "tests/stream/live_dashboard",
            "tests/stream/micro_batch",
            "tests/stream/seam",
            "tests/stream/source",
        ),
        600,
        needs_shop=True,
    ),
    Suite(Tier.REST, "observe", "parts", "airflow", ("tests/observe",), 300, needs_shop=True),
    Suite(Tier.REST, "wire", "dremio_engine", "embedded", ("tests/wire",), 420, "dremio_engine"),
    Suite(
        Tier.REST,
        "conformance",
        "dbt materializations",
        "conformance",
        ("tests/conformance/dbt_adapter/materializations",),
        600,
        "dremio_engine",
    ),
    Suite(
        Tier.REST,
        "conformance",
        "protocol, dialect, clients, dbt features",
        "conformance",
        (
            "tests/conformance/protocol",
            "tests/conformance/dialect",
            "tests/conformance/clients",
            "tests/conformance/dbt_adapter/features",
        ),
        600,
        "dremio_engine",
    ),
    # Only the tests of the process that dbt is forked from: the others run dbt as it comes from there.
    Suite(Tier.REST, "integration", "forked dbt", "airflow", ("tests/integration/forked_dbt",), 150),
    Suite(Tier.REST, "conformance", "grammar", "embedded", ("tests/grammar",), 60, "dremio_engine"),
    Suite(
        Tier.REST,
        "clients",
        "airbyte",
        "airflow",
        ("tests/conformance",),
        90,
        "airbyte_engine",
        needs_shop=True,
    ),
    Suite(Tier.REST, "soak", "short", "airflow", ("tests/soak",), 240, needs_shop=True),
    # The short form kills the stream at some of these moments, chosen by its seed.
    Suite(
        Tier.STREAM,
        "stream",
        "every moment",
        "airflow",
        ("tests/stream/crash", "tests/stream/idle"),
        300,
        needs_shop=True,
    ),
)


def chosen(words: list[str]) -> list[Suite]:
    """The suites that the words name (a tier, a kind, or a suite by its whole name); without words all.

    Raises ValueError for a word that names none.
    """
    for word in words:
        if not any(word in (suite.tier, suite.kind, suite.name) for suite in SUITES):
            known = dict.fromkeys(name for suite in SUITES for name in (suite.tier, suite.kind, suite.name))
            raise ValueError(f"no suite is called {word!r}; there are: {', '.join(known)}")
    return [
        suite for suite in SUITES if not words or {suite.tier, suite.kind, suite.name}.intersection(words)
    ]


def file_needs_shop(path: Path) -> bool:
    """Is that file or folder one of NEEDS_SHOP, or in one?"""
    return any(path.is_relative_to(ROOT / each) for each in NEEDS_SHOP)


def left_out(suites: list[Suite], has_shop: bool) -> list[Suite]:
    """Those that cannot run in this repository."""
    return [] if has_shop else [suite for suite in suites if suite.needs_shop]


def files_in_no_suite() -> list[str]:
    """Test files that no suite runs, or more than one."""
    homes = [ROOT, *(ROOT / "packages").iterdir()]
    files = {file for home in homes for file in (home / "tests").rglob("test_*.py")}
    wrong = [file for file in files if sum(suite.holds(file) for suite in SUITES) != 1]
    return sorted(str(file.relative_to(ROOT)) for file in wrong)
