"""The values of the variables that `airflow_settings.yaml` asks for and the platform does not make itself.

A user's own address, name or password is taken from the first of these places that has one:

1. the caller's shell, exported
2. `.env` at the repository's root, or the file that LAKEHOUSE_ENV_FILE names
3. what was exported at the last `up` or `night`, which the state folder remembers: a later command, from
   another shell or from cron, finds the platform as it was started

A variable that the platform makes itself (the shop's password, Dremio's port) is replaced by `.env` only: a
shell may have exported the platform's own values, and hold on to them after a reset.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from embedded.settings import ROOT, Settings
from embedded.stack.env_file import EnvFileError, read_env_file, readable_by_others
from embedded.stack.private_files import write_private

ENV_FILE: Final = "LAKEHOUSE_ENV_FILE"
REMEMBERED: Final = "exported.json"
SETTINGS_FILE: Final = ROOT / "airflow_settings.yaml"

_COMMENT: Final = re.compile(r"(^|\s)#.*")
_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")


@dataclass(frozen=True)
class UserValues:
    """The values by name, where they are written, and what the next command has to remember."""

    values: Mapping[str, str]
    env_file: Path
    exported: Mapping[str, str]
    """What came from the shell, now or at the last start, LAKEHOUSE_ENV_FILE included."""
    remarks: tuple[str, ...] = ()
    """What the user should know, one line each; none shows a value."""


def user_values(
    settings: Settings, own: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> UserValues:
    """The user's values as this command finds them; `own` are the variables that the platform makes.

    Raises EnvFileError for a file with a line that means nothing, or a named file that is not there.
    """
    env = os.environ if environ is None else environ
    remembered = _remembered(settings)
    env_file, exported = _env_file(env, remembered)
    written = _written(env_file, named=ENV_FILE in exported)
    asked = variables_asked_for(SETTINGS_FILE)
    values = {name: written[name] for name in asked if name in own and written.get(name)}
    for name in asked - set(own):
        told = env.get(name) or ""
        if not told and not written.get(name) and name not in env and name not in written:
            told = remembered.get(name, "")
        if told:
            exported[name] = told
        if value := told or written.get(name):
            values[name] = value
    return UserValues(
        dict(sorted(values.items())), env_file, exported, tuple(_remarks(env, own, asked, written, env_file))
    )


def remember(settings: Settings, found: UserValues) -> None:
    """Keep what came from the shell for the commands that follow, readable by the owner only."""
    path = settings.state_dir / REMEMBERED
    if found.exported:
        write_private(path, json.dumps(found.exported, indent=1, sort_keys=True))
    else:
        path.unlink(missing_ok=True)


def variables_asked_for(path: Path) -> set[str]:
    """The names in `${NAME}` and `${NAME:-default}`, without comments; of a broken file those that it has."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    return {name for line in lines for name in _PLACEHOLDER.findall(_COMMENT.sub("", line))}


def _env_file(env: Mapping[str, str], remembered: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    named = env.get(ENV_FILE, remembered.get(ENV_FILE, "")).strip()
    if not named:
        return ROOT / ".env", {}
    path = (ROOT / Path(named).expanduser()).resolve()
    return path, {ENV_FILE: str(path)}


def _written(path: Path, *, named: bool) -> dict[str, str]:
    if not named and not path.exists():
        return {}
    if not path.exists():
        raise EnvFileError(
            f"{ENV_FILE} names {path}, which is not there: put it there, or set {ENV_FILE} to another file "
            "(empty: .env at the repository's root)"
        )
    return read_env_file(path)


def _remembered(settings: Settings) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((settings.state_dir / REMEMBERED).read_text())
    except (OSError, ValueError):
        return {}
    return found


def _remarks(
    env: Mapping[str, str],
    own: Mapping[str, str],
    asked: set[str],
    written: Mapping[str, str],
    env_file: Path,
) -> list[str]:
    remarks = []
    if written and readable_by_others(env_file):
        remarks.append(f"others may read {env_file}: run `chmod 600 {env_file}`")
    if unknown := sorted(set(written) - asked):
        remarks.append(f"{env_file} sets {', '.join(unknown)}, which airflow_settings.yaml does not ask for")
    differing = [n for n in sorted(asked & set(own)) if env.get(n) and env[n] not in (own[n], written.get(n))]
    if differing:
        remarks.append(
            f"exported and not used: {', '.join(differing)}; the platform has its own. To replace one, "
            f"write it to {env_file}; to end this message, run `unset {' '.join(differing)}`"
        )
    return remarks
