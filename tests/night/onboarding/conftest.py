"""A foreign business from nothing, by `bin/source add`: three nights, the last one without the shop."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.checkout_platform import CheckoutPlatform, checkout_platform
from testing.foreign_api import LoyaltyService
from testing.foreign_business import TOKEN, ForeignBusiness, Server
from tests.night.onboarding.cafe_night import DATES, Cafe

ORDERS_OF_THE_SHOP = "300"


@pytest.fixture(scope="session")
def cafe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cafe]:
    """The cafe as its first day ends, and a copy of the checkout that has never heard of it."""
    with checkout_platform() as platform, LoyaltyService(TOKEN) as service:
        platform.environment["ORDERS"] = ORDERS_OF_THE_SHOP
        platform.environment["OBSERVE"] = "0"
        if list(platform.home.glob("include/airbyte/cafe_*_to_lake.yaml")):
            # Whoever clones this repository may have a cafe of her own.
            removed = platform.run("bin/source", "remove", "cafe", "--yes")
            assert removed.exit_code == 0, removed.output
        _as_a_repository(platform.home)
        started = platform.run("make", "--no-print-directory", "up", "SERVICE=postgres")
        assert started.exit_code == 0, started.output
        drops = tmp_path_factory.mktemp("drops")
        business = ForeignBusiness(_server(platform), drops, service)
        business.create()
        business.next_day()
        yield Cafe(platform, business)


@pytest.fixture(scope="session")
def brought_in(cafe: Cafe) -> Cafe:
    """The cafe is part of the repository; the owner has run what `add` printed."""
    cafe.bring_in()
    cafe.business.publish(["stock"])
    return cafe


@pytest.fixture(scope="session")
def two_nights(brought_in: Cafe) -> Cafe:
    """Two days beside the shop."""
    brought_in.night(DATES[0])
    brought_in.run("check after", "bin/source", "check", "cafe")
    brought_in.business.next_day()
    brought_in.night(DATES[1])
    return brought_in


@pytest.fixture(scope="session")
def night_alone(two_nights: Cafe) -> Cafe:
    """The third day: the source has changed its columns, and the shop is gone."""
    cafe = two_nights
    cafe.business.next_day()
    cafe.run("check changed", "bin/source", "check", "cafe")
    cafe.files["before the rerun"] = cafe.changed_files()
    cafe.run("add what changed", "bin/source", "add", "cafe", "--rename", "products.cost=unit_cost", "--yes")
    cafe.files["after the rerun"] = cafe.changed_files()
    cafe.run("remove the shop", "bin/source", "remove", "shop", "--yes")
    # It sizes the shop, and a platform without one refuses it.
    del cafe.platform.environment["ORDERS"]
    cafe.night(DATES[2])
    return cafe


def _as_a_repository(home: Path) -> None:
    """A commit of the copy, so that git can tell what was changed since."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "The checkout"]):
        subprocess.run(["git", *command], cwd=home, check=True, capture_output=True)


def _server(platform: CheckoutPlatform) -> Server:
    secrets = (platform.home / ".local/state/secrets.env").read_text().splitlines()
    password = next(line.partition("=")[2] for line in secrets if line.startswith("POSTGRES_PASSWORD="))
    return Server("127.0.0.1", platform.ports["POSTGRES"], password)
