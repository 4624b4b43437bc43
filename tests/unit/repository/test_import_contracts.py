"""Every module stands in a layers contract of import-linter, so that a new one cannot go unnoticed.

`exhaustive` makes `make lint` fail for a module that its contract does not list; this holds the contracts
themselves to covering every package.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from testing.repository import ROOT

ROOTS = {
    "lakehouse": ROOT / "plugins" / "lakehouse",
    "embedded": ROOT / "embedded",
    "dremio_engine": ROOT / "packages" / "dremio_engine" / "src" / "dremio_engine",
    "airbyte_engine": ROOT / "packages" / "airbyte_engine" / "src" / "airbyte_engine",
}
STRICT = {"lakehouse"}
"""Root packages each of whose packages has a contract of its own; elsewhere a package's line in its parent's
contract covers what is inside."""
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def modules_of(root: str, folder: Path) -> list[str]:
    """Every module and package below a root package, by its full name."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join([root, *(part for part in parts if part != "__init__")])
        if name != root:
            found.append(name)
    return found


def listed(contracts: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """What the exhaustive layers contracts list: names of modules by the package that holds them."""
    found: dict[str, set[str]] = {}
    for contract in contracts:
        if contract["type"] != "layers" or not contract.get("exhaustive"):
            continue
        names = {
            name.strip(" ()")
            for layer in contract["layers"]
            for part in layer.split("|")
            for name in part.split(":")
        }
        for container in contract.get("containers", []):
            found.setdefault(container, set()).update(names)
    return found


def in_no_contract(contracts: Iterable[Mapping[str, Any]], modules: Iterable[str]) -> list[str]:
    """The modules that no contract covers."""
    known = listed(contracts)
    return [module for module in modules if not _covered(known, module)]


def _covered(known: Mapping[str, set[str]], module: str) -> bool:
    package, _, name = module.rpartition(".")
    if package in known or package in ROOTS or package.split(".")[0] in STRICT:
        return name in known.get(package, set())
    return bool(package) and _covered(known, package)


@pytest.mark.parametrize("root", ROOTS)
def test_every_module_is_in_a_layers_contract(root: str) -> None:
    modules = modules_of(root, ROOTS[root])
    assert len(modules) > 20
    assert in_no_contract(CONTRACTS, modules) == []


def test_a_new_module_and_a_new_package_are_noticed() -> None:
    new = [
        "lakehouse.bronze.brand_new",
        "lakehouse.brand_new",
        "lakehouse.brand_new.inside",
        "embedded.brand_new",
        "embedded.brand_new.inside",
        "embedded.stack.brand_new",
    ]
    old = ["lakehouse.bronze.survey", "embedded.stack.service", "embedded.shop.api"]
    assert in_no_contract(CONTRACTS, [*old, *new]) == new


def test_a_contract_that_is_not_exhaustive_covers_nothing() -> None:
    loose = [{"type": "layers", "containers": ["a"], "layers": ["b | c"]}]
    assert in_no_contract(loose, ["a.b"]) == ["a.b"]
    assert in_no_contract([loose[0] | {"exhaustive": True}], ["a.b", "a.c", "a.d"]) == ["a.d"]
