"""One file of reflections for each business: all are read, none is needed, and a faulty one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.dremio.errors import ReflectionInvalidError
from lakehouse.dremio.reflections import load_reflections

RAW = "  - {name: raw_NAME, dataset: gold.NAME, display: [id]}\n"


def of(*names: str) -> str:
    return "reflections:\n" + "".join(RAW.replace("NAME", name) for name in names)


def test_the_reflections_of_every_file_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(of("orders"))
    (tmp_path / "cafe.yaml").write_text(of("cafe_orders", "cafe_visits"))
    (tmp_path / "README.md").write_text("not a definition")
    assert [each.name for each in load_reflections(tmp_path)] == [
        "raw_cafe_orders",
        "raw_cafe_visits",
        "raw_orders",
    ]


def test_a_repository_without_reflections_has_none(tmp_path: Path) -> None:
    assert load_reflections(tmp_path) == load_reflections(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", r"reflections/cafe\.yaml has no list `reflections`"),
        ("reflections: {a: 1}", r"reflections/cafe\.yaml has no list `reflections`"),
        ("reflections: [", r"reflections/cafe\.yaml is not YAML"),
        (of("orders"), r"defines twice: raw_orders on gold\.orders"),
        ("reflections: [{name: x, dataset: gold.x}]", "reflection x: give name, dataset, and either display"),
    ],
)
def test_a_faulty_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "shop.yaml").write_text(of("orders"))
    (tmp_path / "cafe.yaml").write_text(text)
    with pytest.raises(ReflectionInvalidError, match=message):
        load_reflections(tmp_path)
