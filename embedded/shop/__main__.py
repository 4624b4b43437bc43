"""python -m embedded.shop advance | live | serve | status"""

from __future__ import annotations

import argparse
import datetime as dt
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from embedded.declared import shop_is_declared
from embedded.shop.advance import advance
from embedded.shop.calendar import DEFAULT_SEED
from embedded.shop.database import ShopDatabase, ShopError
from embedded.shop.live import LiveShop, Rhythm
from embedded.shop.settings import ShopSettings


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="embedded.shop", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    advancing = commands.add_parser("advance", help="move the shop's database to the end of a day")
    advancing.add_argument("--to", required=True, type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
    advancing.add_argument("--orders", type=int, help="orders per year of a new shop (default 100000)")
    living = commands.add_parser("live", help="keep the shop open: orders come and change as you watch")
    living.add_argument("--rate", type=float, default=20.0, help="changes per second (default 20)")
    living.add_argument("--seconds", type=float, help="default: until Ctrl-C")
    living.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the same seed, the same changes")
    living.add_argument("--burst", type=int, default=0, metavar="CHANGES", help="so many at once, besides")
    living.add_argument("--every", type=float, metavar="SECONDS", help="from burst to burst; default: one")
    serving = commands.add_parser("serve", help="serve the REST API on 127.0.0.1")
    serving.add_argument("--port", type=int, help="default: the port of SHOP_API_URL")
    commands.add_parser("status", help="print the shop's day and size")
    options = parser.parse_args(arguments)
    if not shop_is_declared():
        print(
            "shop: airflow_settings.yaml has no connection to it: the shop is not part of this platform",
            file=sys.stderr,
        )
        return 2
    try:
        settings = ShopSettings.from_environ()
        if options.command == "advance":
            _advance(settings, options.to, options.orders)
        elif options.command == "live":
            rhythm = Rhythm(options.rate, options.seconds, options.burst, options.every)
            _live(settings, rhythm, options.seed)
        elif options.command == "serve":
            _serve(settings, options.port or settings.api_port)
        else:
            _status(settings)
    except (ShopError, ValueError) as error:
        print(f"shop: {error}", file=sys.stderr)
        return 2
    except psycopg.OperationalError as error:
        print(f"shop: the database does not answer: {str(error).strip()}", file=sys.stderr)
        return 3
    return 0


def _advance(settings: ShopSettings, to: dt.date, orders_per_year: int | None) -> None:
    started = time.monotonic()
    with psycopg.connect(settings.conninfo()) as connection:
        result = advance(connection, to, settings.csv_folder, orders_per_year)
    if result.nothing_to_do:
        if result.before != to:
            print(
                f"shop: stays at {result.before}, after {to}: it never goes back, and what happened is kept"
            )
        return
    rows = ", ".join(f"{count} {table}" for table, count in result.written.items())
    came_from = f"from {result.before}" if result.before else "from its opening"
    seconds = time.monotonic() - started
    gone = ", ".join(f"{count} {table}" for table, count in result.deleted.items())
    print(f"shop: advanced {came_from} to {to}: wrote {rows}; deleted {gone}; {seconds:.1f} s")


def _live(settings: ShopSettings, rhythm: Rhythm, seed: int) -> None:
    closing = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: closing.set())
    print(f"shop: open; {rhythm.rate:g} changes a second, until {_end_of(rhythm)}", flush=True)
    # In a thread, for the handler runs in this one: it would wait for the event's lock, and this one for it.
    with ThreadPoolExecutor(1) as beside:
        day = beside.submit(LiveShop(settings.conninfo(), seed).run, rhythm, closing).result()
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(day.changes.items()) if count)
    print(
        f"shop: closed after {day.seconds:.1f} s: {day.total} changes in {day.transactions} transactions, "
        f"{day.total / max(day.seconds, 0.001):.0f} a second: {told or 'none'}"
    )


def _end_of(rhythm: Rhythm) -> str:
    return "Ctrl-C" if rhythm.seconds is None else f"{rhythm.seconds:g} s are over"


def _serve(settings: ShopSettings, port: int) -> None:
    import uvicorn  # half a second that the other commands need not wait for

    from embedded.shop.api import create_app

    app = create_app(settings.conninfo(), settings.api_token)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)


def _status(settings: ShopSettings) -> None:
    with psycopg.connect(settings.conninfo()) as connection:
        database = ShopDatabase(connection)
        remembered = database.remembered()
        if remembered is None:
            print("shop: not opened yet; `python -m embedded.shop advance --to <day>` opens it")
            return
        print(f"shop: end of {remembered.day}, ORDERS={remembered.orders_per_year}, seed {remembered.seed}")
        for table, count in database.counts().items():
            print(f"  {table:<10} {count:>10}")


if __name__ == "__main__":
    sys.exit(main())
