"""Have the products versions with known traps? The traps are in include/observe/version_traps.yaml."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from lakehouse.airbyte.client import PUBLIC_API
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform import names
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE

TRAPS: Final = INCLUDE / "observe" / "version_traps.yaml"
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)*")
_SUPERSETS_PAGE: Final = re.compile(r"version_string(?:&#34;|&quot;|\"):\s*(?:&#34;|&quot;|\")([0-9][^&\"]*)")


class VersionTrapError(PermanentError):
    """An entry of the table of traps does not say what it must."""


@dataclass(frozen=True)
class Trap:
    """What some versions of a product do."""

    product: str
    versions: SpecifierSet
    severity: Severity
    what: str
    reference: str
    do: str


def load_traps(path: Path = TRAPS) -> list[Trap]:
    """The table.

    Raises:
        VersionTrapError: an entry lacks a field, or names no such severity or versions.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["traps"]
    traps = []
    for entry in entries:
        try:
            severity, versions = Severity(entry["severity"]), SpecifierSet(entry["versions"])
            traps.append(
                Trap(entry["product"], versions, severity, entry["what"], entry["reference"], entry["do"])
            )
        except (KeyError, ValueError, InvalidSpecifier) as fault:
            raise VersionTrapError(f"{path.name}: {entry}: {fault!r}") from fault
    return traps


def trapped(product: str, version: str, traps: list[Trap]) -> Iterator[Finding]:
    """What is known of this version of the product."""
    numbers = _NUMBERS.search(version)
    if numbers is None:
        return
    for trap in traps:
        if trap.product == product and trap.versions.contains(Version(numbers.group()), prereleases=True):
            what = f"{product} {version}: {trap.what}"
            yield Finding(trap.severity, what, f"{product} {version} ({trap.reference})", trap.do)


def product_look(product: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """The look at one service's version."""

    def look(around: Surroundings) -> Iterator[Finding]:
        yield from trapped(product, _READINGS[product](around), load_traps())

    return look


def packages_look(around: Surroundings) -> Iterator[Finding]:
    """Python packages, in this environment and in those of the checkout."""
    traps = load_traps()
    products = {trap.product for trap in traps}
    folders = sorted((around.checkout / ".local" / "envs").glob("*/lib/python3*/site-packages"))
    places: list[list[str] | None] = [None, *([str(folder)] for folder in folders)]
    seen: set[tuple[str, str]] = set()
    for place in places:
        found: Any = (
            importlib.metadata.distributions(path=place) if place else importlib.metadata.distributions()
        )
        for distribution in found:
            name = str(distribution.metadata["Name"] or "").lower()
            if name in products and (name, distribution.version) not in seen:
                seen.add((name, distribution.version))
                try:
                    yield from trapped(name, distribution.version, traps)
                except InvalidVersion:
                    continue


def _airflow(around: Surroundings) -> str:
    return str(around.airflow().read("version")["version"])


def _postgres(around: Surroundings) -> str:
    return str(around.postgres().rows("show server_version")[0][0])


def _dremio(around: Surroundings) -> str:
    return around.dremio().version()


def _airbyte(around: Surroundings) -> str:
    client = around.airbyte()
    root = client.base_url.removesuffix(PUBLIC_API)
    import httpx

    answer = httpx.get(f"{root}/api/v1/instance_configuration", timeout=8)
    if answer.status_code != 200:
        raise NotConfiguredError(f"Airbyte does not tell its version ({answer.status_code})")
    return str(answer.json().get("version") or "")


def _superset(around: Surroundings) -> str:
    import httpx

    page = httpx.get(f"{around.superset().base_url}/login/", timeout=8, follow_redirects=True).text
    found = _SUPERSETS_PAGE.search(page)
    if found is None:
        raise NotConfiguredError("Superset does not tell its version")
    return found[1]


_READINGS: Final[dict[str, Callable[[Surroundings], str]]] = {
    "airflow": _airflow,
    "airbyte": _airbyte,
    "dremio": _dremio,
    "postgres": _postgres,
    "superset": _superset,
}
READ_FROM: Final[dict[str, tuple[str, ...]]] = {
    "airflow": (names.AIRFLOW_CONNECTION,),
    "airbyte": (names.AIRBYTE_CONNECTION,),
    "dremio": (names.DREMIO_CONNECTION,),
    "postgres": (names.PLATFORM_CONNECTION,),
    "superset": (names.SUPERSET_CONNECTION,),
}
"""The products whose version is asked for, and the connections it takes."""
