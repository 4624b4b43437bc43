"""How this machine reaches its package index: what a bare system has to be given to reach it the same way.

Goes into the scratch system only, never into the repository.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

VARIABLES = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|CERT|TRUSTED_HOST|FIND_LINKS|PROXY|DEFAULT_TIMEOUT|CONFIG_FILE)"
    r"|UV_(INDEX_URL|DEFAULT_INDEX|INDEX|EXTRA_INDEX_URL|NATIVE_TLS|SYSTEM_CERTS|HTTP_TIMEOUT|CONFIG_FILE)"
    r"|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|(HTTP|HTTPS|ALL|NO)_PROXY",
    re.IGNORECASE,
)
SYSTEM_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/uv/uv.toml")
HOME_FILES = (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml")
LOCAL_CERTIFICATES = "usr/local/share/ca-certificates"
APT_SETTINGS = Path("/etc/apt/apt.conf.d")


def variables() -> dict[str, str]:
    """The variables of this process that say where packages come from and whom to trust; no cache folder."""
    return {name: value for name, value in os.environ.items() if VARIABLES.fullmatch(name)}


def debian_mirror(release: str) -> str | None:
    """The mirror from which this machine's apt takes the release, when it takes it from any."""
    if shutil.which("apt-get") is None:
        return None
    done = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            f"Codename: {release}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return next(iter(done.stdout.split()), None)


def copy_settings(system: Path, home: Path) -> None:
    """Put the machine's settings of name service, pip, uv and apt into a bare system, and the trusted
    certificates that the variables name. `home` is the home of who will run pip, seen from inside.
    """
    for name in SYSTEM_FILES:
        _copy(Path(name), system / name.lstrip("/"))
    for name in HOME_FILES:
        _copy(Path.home() / name, system / str(home).lstrip("/") / name)
    for settings in sorted(APT_SETTINGS.glob("*")) if APT_SETTINGS.is_dir() else []:
        if "Acquire::" in settings.read_text(errors="replace"):
            _copy(settings, system / str(settings).lstrip("/"))
    for path in named_paths(variables()):
        if path.is_file():
            _copy(path, system / str(path).lstrip("/"))
            # Debian rebuilds its bundle from these when ca-certificates is installed; python3-venv needs it.
            _copy(path, system / LOCAL_CERTIFICATES / path.with_suffix(".crt").name)
        else:
            shutil.copytree(path, system / str(path).lstrip("/"), dirs_exist_ok=True, symlinks=False)


def named_paths(given: Mapping[str, str]) -> list[Path]:
    """The files and folders of this machine that variables point at."""
    return [Path(value) for value in given.values() if value.startswith("/") and Path(value).exists()]


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
