"""Versions with known traps, disks that fill, environments of older locks."""

# ruff: noqa: E501 - the cases are tables: one row per line.

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.version import Version

from lakehouse.observe.doctor import checkout, connections, disk, versions
from lakehouse.observe.doctor.finding import NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.doctor.versions import TRAPS, VersionTrapError, load_traps, trapped
from lakehouse.platform.repository import REPOSITORY
from tests.unit.lakehouse.observe.doctor.clinic import ScriptedAirflow, ScriptedSurroundings

NOW = datetime.now(UTC)
LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}


def test_every_trap_is_complete_and_can_be_fallen_into() -> None:
    traps = load_traps()
    assert len(traps) > 10
    for trap in traps:
        assert trap.what.endswith(".")
        assert trap.reference
        numbers = [str(each.version).replace(".*", ".0") for each in trap.versions]
        near = [*numbers, *(f"{number}.1" for number in numbers), "0.1", "99"]
        assert any(trap.versions.contains(Version(number)) for number in near), trap


@pytest.mark.parametrize(
    ("product", "version", "severity"),
    [
        ("airflow", "3.2.1", Severity.ERROR),
        ("airflow", "3.3.2", Severity.NOTE),
        ("airflow", "4.0.0", None),
        ("postgres", "12.22 (Debian 12.22-1)", Severity.ERROR),
        ("postgres", "14.3", Severity.ERROR),
        ("postgres", "17.5", None),
        ("dremio", "24.3.2-202401241821100032-d2d8a497", Severity.WARN),
        ("dremio", "26.0.0-202504290223270716-afdd6663", None),
        ("superset", "5.0.0", Severity.ERROR),
        ("sqlalchemy-dremio", "3.0.4", Severity.ERROR),
        ("sqlalchemy-dremio", "3.0.5", None),
        ("dbt-core", "1.12.0rc1", Severity.ERROR),
        ("dbt-core", "1.11.16", None),
        ("elasticsearch", "8.19.21", Severity.ERROR),
        ("postgres", "unknown", None),
    ],
)
def test_a_version_with_a_trap_is_named_with_its_reference(
    product: str, version: str, severity: Severity | None
) -> None:
    found = list(trapped(product, version, load_traps()))
    assert {each.severity for each in found} == ({severity} if severity else set())
    assert all(version in each.what and "(" in each.evidence for each in found)


@pytest.mark.parametrize(
    "entry", ["{product: a}", "{product: a, versions: 'about 3', severity: warn, what: b, reference: c, do: d}",
              "{product: a, versions: '<3', severity: bad, what: b, reference: c, do: d}"],
)  # fmt: skip
def test_a_table_of_traps_with_a_faulty_entry_is_refused(tmp_path: Path, entry: str) -> None:
    (tmp_path / TRAPS.name).write_text(f"traps:\n  - {entry}\n")
    with pytest.raises(VersionTrapError):
        load_traps(tmp_path / TRAPS.name)


def test_packages_are_found_in_every_environment_of_the_checkout(tmp_path: Path) -> None:
    def installed(environment: str, name: str, version: str) -> None:
        folder = tmp_path / ".local" / "envs" / environment / "lib/python3.11/site-packages"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")

    installed("superset", "sqlalchemy-dremio", "3.0.4")
    installed("dbt", "dbt-core", "1.11.16")
    installed("embedded", "duckdb", "2.0.0")
    found = versions.packages_look(Surroundings(environ={}, checkout=tmp_path))
    serious = {each.what.partition(":")[0] for each in found if each.severity is Severity.ERROR}
    assert serious == {"sqlalchemy-dremio 3.0.4", "duckdb 2.0.0"}
    assert importlib.metadata.version("astronomer-cosmos")


def test_each_service_is_asked_for_its_version() -> None:
    class Dremio:
        def version(self) -> str:
            return "24.0.0-1"

    airflow = ScriptedAirflow({"version": {"version": "3.2.0"}})
    around = ScriptedSurroundings(environ={}, services={"dremio": Dremio(), "airflow": airflow})
    [found] = versions.product_look("dremio")(around)
    assert "dremio 24.0.0-1" in found.what
    [found] = versions.product_look("airflow")(around)
    assert "airflow 3.2.0" in found.what
    assert set(versions.READ_FROM) == set(versions._READINGS)


class Room(NamedTuple):
    """What statvfs answers."""

    f_blocks: int
    f_bavail: int
    f_frsize: int = 2**20
    f_files: int = 100
    f_favail: int = 50


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (Room(100 * 1024, 50 * 1024), []),
        (Room(100 * 1024, 5 * 1024), ["warn: nearly full"]),
        (Room(100 * 1024, 2 * 1024), ["error: is full"]),
        (Room(10 * 1024, 900), ["error: is full"]),
        (Room(4096 * 1024, 300 * 1024), []),
        (Room(100 * 1024, 50 * 1024, f_favail=1), ["warn: out of inodes"]),
        (Room(0, 0), []),
    ],
)
def test_a_disk_that_fills_is_named_before_and_when_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, room: Room, expected: list[str]
) -> None:
    monkeypatch.setattr(disk.os, "statvfs", lambda place: room)
    around = Surroundings(environ={"LAKEHOUSE_STATE_DIR": str(tmp_path / "not" / "yet")}, checkout=tmp_path)
    found = [each for each in disk.disk_look(around) if "the platform's state" in each.what]
    assert len(found) == len(expected)
    for each, words in zip(found, expected, strict=True):
        severity, _, ending = words.partition(": ")
        assert (each.severity, each.what.endswith(ending)) == (severity, True)
        assert str(tmp_path) in each.evidence


def test_an_environment_that_is_not_of_its_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfiguredError):
        list(checkout.environments_look(Surroundings(environ={}, checkout=tmp_path)))
    shutil.copytree(REPOSITORY / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    shutil.copy(REPOSITORY / "bin" / "bootstrap", tmp_path / "bin" / "bootstrap")
    for name in ("lint", "dbt", "superset"):
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", tmp_path / ".local/envs" / name], check=True
        )
    around = Surroundings(environ={}, checkout=tmp_path)
    stamp = tmp_path / ".local/envs/lint/built-from.sha256"
    code = (
        "import importlib.machinery as m, types;"
        f"l = m.SourceFileLoader('b', {str(tmp_path / 'bin/bootstrap')!r});"
        "b = types.ModuleType('b'); b.__file__ = l.path; l.exec_module(b); print(b.fingerprint('lint'), end='')"
    )
    made = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    stamp.write_text(made)
    (tmp_path / ".local/envs/dbt/built-from.sha256").write_text("of an older lock")
    found = {each.what: each for each in checkout.environments_look(around)}
    assert set(found) == {"the environment dbt is stale", "the environment superset is stale"}
    assert "never finished" in found["the environment superset is stale"].evidence
    assert found["the environment dbt is stale"].command == "bin/bootstrap dbt"
