"""Which sources this repository declares, as far as the embedded platform has to know."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from embedded.settings import ROOT

PLACEHOLDER = "${SHOP_"
"""How an Airflow connection names an address or a password of the demo shop."""

SHOP_DATE = date(2025, 10, 16)
"""The business date that the documentation shows, a year after the shop opened."""


def shop_is_declared(root: Path = ROOT) -> bool:
    """Does an Airflow connection read the demo shop? Only then is the shop a service of the platform.

    Comments do not count. A missing airflow_settings.yaml declares nothing.
    """
    try:
        lines = (root / "airflow_settings.yaml").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return any(PLACEHOLDER in line.partition(" #")[0] for line in lines if not line.lstrip().startswith("#"))


def sources_are_declared(root: Path = ROOT) -> bool:
    """Is there a connection to extract anything from?"""
    return any((root / "include" / "airbyte").glob("*.yaml"))
