"""What a parent must have in common with an invocation to answer it: a hash that names the parent's socket.

A parent has imported dbt, its adapter and this package, under an environment that some of them read when they
are imported. Another version, a rebuilt environment, an edited file here or another value of one of those
variables gives another hash, so another socket and another parent; the old one ends when nobody has asked it
for a while. The dbt project is not part of it: the parent holds nothing of a project, every run reads it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping

AT_IMPORT = frozenset({"DBT_DOWNLOADS_DIR", "DBT_PACKAGE_HUB_URL", "HOME", "LANG", "LANGUAGE", "TZ"})
"""Variables that the interpreter, dbt or a library reads once (dbt: deps/base.py, clients/registry.py)."""

_AT_IMPORT_PREFIXES = ("LC_", "LD_", "MALLOC_", "PYTHON")


def environment_at_import(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that decide what importing dbt gives."""
    return {
        name: value
        for name, value in environment.items()
        if name in AT_IMPORT or name.startswith(_AT_IMPORT_PREFIXES)
    }


def fingerprint(dbt_environment: str, environment: Mapping[str, str]) -> str:
    """The hash, 16 hexadecimal digits.

    Raises:
        OSError: there is no dbt environment at `dbt_environment`.
    """
    parts = [dbt_environment, *_interpreter(dbt_environment), *_packages(dbt_environment), *_own_files()]
    parts += [f"{name}={value}" for name, value in sorted(environment_at_import(environment).items())]
    text = "\0".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _interpreter(dbt_environment: str) -> Iterator[str]:
    path = os.path.realpath(os.path.join(dbt_environment, "bin", "python"))
    yield from (path, _version(os.stat(path)))


def _packages(dbt_environment: str) -> Iterator[str]:
    """Every installed distribution: its folder's name holds the version, its time a reinstallation.

    The time of site-packages itself says less: the first import of a new environment changes it.
    """
    library = os.path.join(dbt_environment, "lib")
    for python in sorted(os.listdir(library)):
        packages = os.path.join(library, python, "site-packages")
        with os.scandir(packages) as entries:
            yield from sorted(
                f"{entry.name} {entry.stat().st_mtime_ns}"
                for entry in entries
                if entry.name.endswith(".dist-info")
            )


def _own_files() -> Iterator[str]:
    folder = os.path.dirname(os.path.abspath(__file__))
    with os.scandir(folder) as entries:
        yield from sorted(
            f"{entry.path} {_version(entry.stat())}" for entry in entries if entry.name.endswith(".py")
        )


def _version(stat: os.stat_result) -> str:
    return f"{stat.st_mtime_ns} {stat.st_size} {stat.st_ino}"
