"""What a person asks for in the form of `run_night`, checked before anything starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lakehouse.night.business_date import parse_business_date
from lakehouse.night.plan import NIGHT, stage
from lakehouse.platform.errors import PermanentError

EXTRACTS: Final = tuple(each.name for each in NIGHT if not each.waits_for)
FIELDS: Final = ("date", "from_stage", "force_sync", "full_refresh")
"""The fields of the form. Airflow's API accepts other names, and ignores them."""
LAYERS: Final = tuple(each.name for each in NIGHT if each.name.startswith("transform_"))


class NightRequestError(PermanentError):
    """The night cannot be run as asked for; the message says what to choose instead."""


@dataclass(frozen=True)
class NightRequest:
    """A night that somebody wants."""

    night: date | None
    """The business date; None for the newest night that is not served yet."""
    first: str
    """The stage to start from; each of the two extracts stands for both."""
    force_sync: bool = False
    full_refresh: bool = False

    @property
    def first_stages(self) -> tuple[str, ...]:
        """The stages that are started; all later ones follow."""
        return EXTRACTS if self.first in EXTRACTS else (self.first,)

    @property
    def conf(self) -> dict[str, bool]:
        """The params of the started stages. What a stage has no use for, it hands on to the next ones."""
        wanted = {"force_sync": self.force_sync, "full_refresh": self.full_refresh}
        return {name: True for name, is_wanted in wanted.items() if is_wanted}


def read_request(params: Mapping[str, Any], partition_key: str | None, today: date) -> NightRequest:
    """The form's values as a request.

    Args:
        params: by the names in FIELDS.
        partition_key: of the run; used if the form has no date.
        today: UTC.

    Raises:
        BusinessDateError: the date is not a date, or lies in the future.
        NightRequestError: an unknown field, or a wish that the chosen first stage cannot fulfil.
    """
    if unknown := sorted(set(params) - set(FIELDS)):
        raise NightRequestError(f"there is no field {', '.join(unknown)}: the form has {', '.join(FIELDS)}")
    text = params.get("date") or partition_key
    asked = NightRequest(
        night=parse_business_date(text, today) if text else None,
        first=stage(params["from_stage"]).name,
        force_sync=bool(params.get("force_sync")),
        full_refresh=bool(params.get("full_refresh")),
    )
    if asked.force_sync and asked.first not in EXTRACTS:
        raise NightRequestError(
            f"'Sync again' asks the sources, and a night from {asked.first} does not: "
            f"choose the stage {EXTRACTS[0]}, or leave 'Sync again' out"
        )
    order = [each.name for each in NIGHT]
    if asked.full_refresh and order.index(asked.first) > order.index(LAYERS[-1]):
        raise NightRequestError(
            f"'Full refresh' rebuilds the layers, and a night from {asked.first} builds none: "
            f"choose {LAYERS[0]}, {LAYERS[1]} or {LAYERS[2]}, or leave 'Full refresh' out"
        )
    return asked


def require_inputs(asked: NightRequest, night: date, succeeded: Collection[str]) -> None:
    """Refuse to start at a stage whose inputs nobody has produced for the date.

    Args:
        asked: the request.
        night: its date.
        succeeded: the stages that have succeeded for the date, whenever.

    Raises:
        NightRequestError: names what is missing, and the stage to choose.
    """
    if missing := _missing(asked.first, succeeded):
        raise NightRequestError(
            f"{asked.first} needs what {' and '.join(missing)} made for {night}, and nothing was ever made: "
            f"choose the stage {_startable(asked.first, succeeded)}"
        )


def _missing(name: str, succeeded: Collection[str]) -> list[str]:
    return [before for before in stage(name).waits_for if before not in succeeded]


def _startable(name: str, succeeded: Collection[str]) -> str:
    """The nearest stage before this one whose inputs are there."""
    while missing := _missing(name, succeeded):
        name = missing[0]
    return name
