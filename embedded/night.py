"""What `make night` does before the night itself: the date is checked, and the shop is brought to it, if this
repository has the shop."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

from embedded.composition.platform import Platform
from embedded.declared import SHOP_DATE, shop_is_declared, sources_are_declared
from embedded.errors import PlatformError
from embedded.settings import ROOT
from embedded.shop.calendar import OPENING_DAY
from embedded.stack.environment import base_environment


class NightError(PlatformError):
    """The night cannot be started; the message says what to change."""


def require_sources() -> None:
    """Raises NightError when there is nothing to extract."""
    if not sources_are_declared():
        raise NightError("include/airbyte/ declares no source: add one with bin/source add NAME ...")


def default_date() -> date:
    """The date of a night that was asked for without one: yesterday, UTC; with the shop, a day of its own."""
    return SHOP_DATE if shop_is_declared() else datetime.now(UTC).date() - timedelta(days=1)


def parse_business_date(text: str) -> date:
    """The date, checked before anything is started. Raises NightError when malformed or in the future; with
    the shop also when it is before the shop's opening."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise NightError(f"DATE={text} is not a date: give it as YYYY-MM-DD") from None
    if found.isoformat() != text:
        raise NightError(f"DATE={text} is not written as YYYY-MM-DD: {found.isoformat()}?")
    if found > datetime.now(UTC).date():
        raise NightError(f"DATE={text} is in the future: there is nothing to extract yet")
    if shop_is_declared() and found < OPENING_DAY:
        raise NightError(f"DATE={text} is before the shop opened: give {OPENING_DAY} or a later day")
    return found


def parse_orders(text: str) -> int:
    """The number of orders of a new shop's first year. Raises NightError, also without the shop."""
    if not shop_is_declared():
        raise NightError(f"ORDERS={text} sizes the demo shop, which airflow_settings.yaml does not declare")
    try:
        found = int(text)
    except ValueError:
        raise NightError(f"ORDERS={text} is not a whole number") from None
    if found < 1:
        raise NightError(f"ORDERS={text} is too small: give 1 or more")
    return found


def advance_shop(platform: Platform, business_date: date, orders: int | None) -> None:
    """Bring the shop's database to the end of the day; without `orders` a new shop takes its default size.

    Raises NightError; the shop has said why itself.
    """
    command = [sys.executable, "-m", "embedded.shop", "advance"]
    command += ["--to", business_date.isoformat()]
    if orders is not None:
        command += ["--orders", str(orders)]
    environment = base_environment(platform.settings) | dict(platform.wire)
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise NightError(f"the shop did not advance to {business_date}")


def become_night_run(platform: Platform, business_date: date) -> None:
    """Replace this process by the one that starts the night over Airflow's REST API and follows it."""
    python = str(platform.settings.python("airflow"))
    environment = dict(os.environ) | platform.airflow_environment()
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(  # noqa: S606  its exit code is ours
        python,
        [python, "-m", "embedded.command", "lakehouse.night_run", business_date.isoformat()],
        environment,
    )
