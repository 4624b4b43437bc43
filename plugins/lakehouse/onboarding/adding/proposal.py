"""Everything that a call would write: a business's own files, its parts of shared ones, and the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from lakehouse.bronze.contract_file import parse_contract
from lakehouse.onboarding.adding.render.files import files_of
from lakehouse.onboarding.writing.blueprint import Blueprint, as_text
from lakehouse.onboarding.writing.derived_files import DBT, compose_changes, manifest_change
from lakehouse.onboarding.writing.env_file import env_change
from lakehouse.onboarding.writing.plan import FileChange, OnConflict, planned_changes
from lakehouse.onboarding.writing.settings_file import settings_change


@dataclass(frozen=True)
class Proposal:
    """The changes, in the order of their paths; nothing may be written while there are conflicts."""

    changes: Sequence[FileChange]
    conflicts: Sequence[FileChange]


def propose(
    made: Blueprint,
    wanted: Blueprint,
    values: Mapping[str, str],
    files: Mapping[str, str],
    root: Path,
    on_conflict: OnConflict = OnConflict.STOP,
) -> Proposal:
    """What has to be written so that the repository has the business as wanted.

    Args:
        made: the business as the last call made it.
        wanted: as it is to be.
        values: for `.env`, by name of variable.
        files: further files of the business by path, such as an API's manifest.
        root: of the repository.
        on_conflict: what happens to lines that a person has changed, too.

    Raises:
        ContractError: a contract would not be read.
        ManifestError: dbt refuses the models, or is not there.
        BlueprintError: a file is in the way, or a shared file is not in the form expected.
    """
    changes = planned_changes(files_of(made), files_of(wanted), root, on_conflict)
    conflicts = [change for change in changes if change.conflict]
    if conflicts:
        return Proposal((), conflicts)
    for change in changes:
        _check_contract(change)
    if any(change.path.startswith(DBT) for change in changes):
        changes.append(manifest_change(changes, root))
    settings = settings_change(wanted, root)
    further = [
        *(_whole(path, text, root) for path, text in files.items()),
        *([settings, *compose_changes(settings.after or "", root)] if settings else []),
        env_change(values, root),
        _whole(str(wanted.path), as_text(wanted), root),
    ]
    changes += [change for change in further if change is not None]
    shown = [change for change in changes if change.before != change.after]
    return Proposal(tuple(sorted(shown, key=lambda change: change.path)), ())


def _check_contract(change: FileChange) -> None:
    path = Path(change.path)
    if change.after is not None and path.parent == Path("include/contracts"):
        parse_contract(yaml.safe_load(change.after), path.name)


def _whole(path: str, text: str, root: Path) -> FileChange | None:
    """A file that only bin/source writes."""
    before = (root / path).read_text(encoding="utf-8") if (root / path).is_file() else None
    return FileChange(path, before, text) if before != text else None
