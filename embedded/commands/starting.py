"""The commands that start something: `up` and `night`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from embedded.commands.alone import alone
from embedded.commands.left_out import left_out
from embedded.commands.terminal import green, red
from embedded.composition.needs import NEEDS
from embedded.composition.place import remember_place
from embedded.composition.platform import Platform
from embedded.composition.user_values import remember
from embedded.declared import shop_is_declared
from embedded.night import (
    advance_shop,
    become_night_run,
    default_date,
    parse_business_date,
    parse_orders,
    require_sources,
)
from embedded.stack.preflight import check_machine
from embedded.stack.starting import Started, asked_for, start_all
from embedded.stack.stopping import end_leftovers


def up(services: Sequence[str]) -> int:
    """Start services (and those they need), each checked for health, and leave them running; with OBSERVE=1
    those that observe the platform too."""
    started = time.monotonic()
    platform = Platform.here()
    with alone(platform):
        _start(platform, services)
    print(f"{green('up')} in {time.monotonic() - started:.1f} s", flush=True)
    return 0


def night(date: str | None, orders: str | None) -> int:
    """Run the whole night of a date: platform up, the nine stages followed live. The shop, if this repository
    declares it, is advanced to the date first."""
    require_sources()
    business_date = parse_business_date(date) if date else default_date()
    size = None if orders is None else parse_orders(orders)
    up([])
    platform = Platform.here()
    if shop_is_declared():
        advance_shop(platform, business_date, size)
    become_night_run(platform, business_date)
    return 0


def _start(platform: Platform, names: Sequence[str]) -> None:
    table = platform.services
    chosen = asked_for(names, table, platform.settings.observe)
    supervisor = platform.supervisor
    if not supervisor.running() and (ended := end_leftovers(platform.settings, platform.started.values())):
        print(f"ended {ended} processes that outlived their supervisor")
    states = supervisor.states() if supervisor.running() else {}
    idle = [s for s in chosen if not any(states[p.name].pid for p in s.programs if p.name in states)]
    check_machine(platform.settings, NEEDS, idle)
    # Before anything changes: a file that cannot be read stops the command, not the services.
    remarks = [*platform.user.remarks, *left_out(platform)]
    remember(platform.settings, platform.user)
    remember_place(platform.settings)
    supervisor.apply(table.values(), platform.wire)
    start_all(supervisor, chosen, _announce)
    for line in remarks:
        print(f"{red('note:')} {line}", flush=True)


def _announce(started: Started) -> None:
    print(f"  {started.name:14} {green('healthy')} {started.seconds:5.1f} s", flush=True)
