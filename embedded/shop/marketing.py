"""Marketing spend: one CSV batch per day, as an agency would drop it into a folder."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import numpy as np

from embedded.shop.calendar import Calendar
from embedded.shop.words import MARKETING_CHANNELS


def batch_name(day: dt.date) -> str:
    """File name of a day's batch."""
    return f"batch_{day:%Y%m%d}.csv"


def batch_text(calendar: Calendar, day: dt.date) -> str:
    """The day's batch: spend_date, channel, amount (the shop's currency, two decimals); one line per
    channel.
    """
    orders = calendar.orders_until(day) - calendar.orders_until(day - dt.timedelta(days=1))
    numbers = np.arange(len(MARKETING_CHANNELS), dtype=np.int64) + calendar.day_number(day) * 64
    spend = (1 + orders) * calendar.chance.between("spend", numbers, 0.2, 1.4)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["spend_date", "channel", "amount"])
    for channel, amount in zip(MARKETING_CHANNELS, spend, strict=True):
        writer.writerow([day.isoformat(), channel, f"{amount:.2f}"])
    return text.getvalue()


def write_batches(calendar: Calendar, folder: Path, first: dt.date, last: dt.date) -> int:
    """Write the batches of first..last that are not there yet; each appears whole. Returns how many were
    written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for offset in range((last - first).days + 1):
        day = first + dt.timedelta(days=offset)
        target = folder / batch_name(day)
        if target.exists():
            continue
        partial = target.with_suffix(".partial")
        partial.write_text(batch_text(calendar, day), encoding="utf-8")
        partial.replace(target)
        written += 1
    return written
