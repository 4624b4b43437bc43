"""Everybody can read the page, in both themes: contrast as WCAG 2.2 asks for it (level AA)."""

from __future__ import annotations

import re

import pytest

from lakehouse.observe.health_page.html import STATIC

STYLE = (STATIC / "health.css").read_text()
TEXT = ("text", "quiet", "link", "ok", "bad", "warn", "run", "idle")
DRAWN = ("bar-ok", "bar-bad", "bar-run", "bar-plan", "likely", "deadline", "focus")
GROUNDS = ("card", "page", "code", "shown")


def palettes() -> list[dict[str, str]]:
    """Light, dark by the system's setting, dark by Airflow's."""
    blocks = re.findall(r":root[^{]*\{([^}]*--page[^}]*)\}", STYLE)
    return [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_the_standard_s() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_dark_palettes_are_the_same() -> None:
    light, by_system, by_airflow = palettes()
    assert by_system == by_airflow
    assert light != by_system


@pytest.mark.parametrize("theme", [0, 1])
def test_text_and_drawings_stand_out(theme: int) -> None:
    palette = palettes()[theme]
    weak = [
        (name, ground, round(contrast(palette[name], palette[ground]), 2))
        for names, grounds, least in ((TEXT, GROUNDS, 4.5), (DRAWN, ("card",), 3.0))
        for name in names
        for ground in grounds
        if contrast(palette[name], palette[ground]) < least
    ]
    assert weak == []
