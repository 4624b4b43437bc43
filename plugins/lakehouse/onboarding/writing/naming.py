"""What things of a business are called, and which names a business may have."""

from __future__ import annotations

import re
from typing import Final

from lakehouse.onboarding.writing.blueprint import BlueprintError, Source, Table

_BUSINESS: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LAKE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]{0,40}_")
RESERVED: Final = frozenset(
    # Whose Airflow connections and variables the platform itself has.
    {"airbyte", "airflow", "alerts", "dremio", "elasticsearch", "lake", "platform", "postgres", "superset"}
    # Folders and names of the layers.
    | {"bronze", "defaults", "gold", "hot", "intermediate", "landing", "manifests", "marts", "quarantine"}
    | {"raw", "serving", "staging", "stream", "lakehouse"}
)


def check_business(name: str) -> None:
    """Refuse a name that cannot be a business's.

    Raises:
        BlueprintError: saying what is wrong with it.
    """
    if not _BUSINESS.fullmatch(name):
        raise BlueprintError(
            f"{name!r} is not a name for a business: use at most 31 lower-case letters, digits and _, "
            "a letter first"
        )
    if name in RESERVED:
        raise BlueprintError(f"{name!r} is the platform's own word: choose another name for the business")


def check_prefix(prefix: str) -> None:
    """Refuse a prefix that would not make names of the lake.

    Raises:
        BlueprintError: saying what is wrong with it.
    """
    if not _PREFIX.fullmatch(prefix):
        raise BlueprintError(
            f"--prefix {prefix!r}: use lower-case letters, digits and underscores, an underscore last"
        )


def why_not_a_lake_name(lake_name: str) -> str:
    """Why a table cannot have that name in the lake, and what to do; empty if it can."""
    if _LAKE_NAME.fullmatch(lake_name):
        return ""
    return (
        f"{lake_name!r} cannot be a name in the lake (lower-case letters, digits, underscores, at most 63): "
        "make a view with such a name at the source"
    )


def folder(business: str, source: Source, table: Table) -> str:
    """The source as landing and bronze spell it."""
    return f"{business}_{part(source, table)}"


def part(source: Source, table: Table) -> str:
    """Which of the business's connections reads the table: postgres, postgres_cdc, files or api."""
    if source.kind == "postgres" and table.mode == "cdc":
        return "postgres_cdc"
    return "api" if source.kind == "rest" else source.kind


def airflow_connection(business: str, source: Source) -> str:
    """The Airflow connection with the source's address and secrets."""
    return f"{business}_{'api' if source.kind == 'rest' else source.kind}"


def variable(business: str, what: str) -> str:
    """A variable of `.env`: CAFE_PG_HOST."""
    return f"{business}_{what}".upper()


def slot(business: str) -> str:
    """The replication slot of the business's CDC connection."""
    return f"{business}_slot"


def publication(business: str) -> str:
    """The publication that its slot reads."""
    return f"{business}_publication"
