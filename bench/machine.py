"""What the figures were taken on."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("duckdb", "pyarrow", "sqlglot", "uvicorn")


def described() -> str:
    """Date, processor, memory, versions, and how busy the machine was, in one line."""
    now = dt.datetime.now(dt.UTC)
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{now:%Y-%m-%d %H:%M} UTC · {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB ·"
        f" Python {platform.python_version()}, {versions} · load average {os.getloadavg()[0]:.1f} at the end"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
