"""`bin/source remove NAME`: takes a business out of the repository, whole or not at all.

It shows what goes and asks. What reads another business too stops it, unless --with names it. The lake,
Airbyte, Superset and the source keep what they have: the last lines say what that is, and what takes it away.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence

from lakehouse.dbt.manifest import parsed_manifest
from lakehouse.onboarding.removing.left_outside import left_outside
from lakehouse.onboarding.removing.ownership import SHEDDING, Owned, owned_by, require_known
from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.derived_files import DBT, compose_changes, manifest_change
from lakehouse.onboarding.writing.file_changes import write_all
from lakehouse.onboarding.writing.plan import FileChange
from lakehouse.onboarding.writing.settings_file import SETTINGS
from lakehouse.platform.repository import REPOSITORY

GIT_SECONDS = 20


class SharedError(BlueprintError):
    """Something reads this business and another one; the message names each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to take out, and whether to ask."""
    parser.add_argument("name", metavar="NAME", help="the business, such as cafe")
    parser.add_argument(
        "--with",
        dest="also",
        action="append",
        default=[],
        metavar="MODEL",
        help="also take out this model, test, dashboard (slug), dataset or reflection that reads others",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show what would go, and write nothing")


def run(options: argparse.Namespace) -> int:
    """Show, ask, write.

    Raises:
        UnknownBusinessError, SharedError, BlueprintError, ManifestError: nothing was written.
    """
    if not options.yes and not options.dry_run and not sys.stdin.isatty():
        raise BlueprintError("there is nobody to ask here: add --yes, or --dry-run to see only")
    require_known(options.name)
    # Of the project as it is: the shipped manifest may be older.
    owned = owned_by(options.name, options.also, manifest=parsed_manifest())
    follows = [] if owned.shared else derived(owned.changes)
    for line in shown(owned, follows):
        print(line)
    if owned.shared:
        listed = "\n".join(f"  {each.kind} {each.name} {each.why}" for each in owned.shared)
        raise SharedError(
            f"these read {owned.business} and more: change them, or take them out with --with NAME\n{listed}"
        )
    if options.dry_run:
        print("nothing was written: --dry-run")
        return 0
    unsaved = not_in_git([change.path for change in owned.changes])
    if unsaved:
        print(f"git does not have these as they are; they cannot be brought back: {', '.join(unsaved)}")
    if not options.yes and not _agreed(owned.business):
        print("nothing was written")
        return 1
    write_all([*owned.changes, *follows], REPOSITORY)
    print(f"{owned.business} is out of the repository")
    for line in left_outside(owned):
        print(line)
    return 0


def shown(owned: Owned, follows: Sequence[FileChange]) -> Iterator[str]:
    """Counts first, then each file with what happens to it."""
    counts = (
        (len(owned.connections), "connection"),
        (len([path for path in owned.gone if path.startswith("include/contracts/")]), "contract"),
        (len(owned.dbt.models), "model"),
        (len([path for path in owned.dbt.files if path.startswith("tests/")]), "singular test"),
        (len(owned.superset.dashboards), "dashboard"),
        (len(owned.superset.charts), "chart"),
        (len(owned.superset.datasets), "dataset"),
        (len(owned.airflow_connections), "Airflow connection"),
        (len(owned.variables), "variable"),
    )
    told = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count)
    changed = [change for change in owned.changes if change.after is not None]
    yield f"{owned.business}: {told}"
    yield f"{len(owned.gone)} files go, {len(changed) + len(follows)} change:"
    for path in owned.gone:
        yield f"  delete  {path}"
    for change in changed:
        yield f"  change  {change.path}{_entries(owned, change)}"
    for change in follows:
        yield f"  change  {change.path}: made again"


def _entries(owned: Owned, change: FileChange) -> str:
    if change.is_private:
        return f": without {', '.join(owned.variables)}"
    if change.path == SHEDDING:
        return ": without its tasks"
    if change.path.startswith(DBT):
        return ": without its models and sources"
    return f": without {', '.join(owned.airflow_connections)}"


def derived(changes: Sequence[FileChange]) -> list[FileChange]:
    """What follows from the files that change: dbt's manifest, and Compose's variables.

    Raises:
        ManifestError: dbt refuses what would be left, for example a model that reads one that goes.
        BlueprintError: the Compose files cannot be written.
    """
    settings = next((change.after for change in changes if change.path == SETTINGS and change.after), None)
    made = [manifest_change(changes, REPOSITORY)]
    made += [] if settings is None else compose_changes(settings, REPOSITORY)
    return [change for change in made if change.before != change.after]


def not_in_git(paths: Sequence[str]) -> list[str]:
    """Those of the files that git has not, or not as they are; all of them where there is no git."""
    command = ["git", "status", "--porcelain", "--ignored", "-z", "--", *paths]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return list(paths)
    if done.returncode:
        return list(paths)
    return sorted(entry[3:] for entry in done.stdout.split("\0") if entry)


def _agreed(business: str) -> bool:
    return input(f"take {business} out? [y/N] ").strip().lower() in ("y", "yes")
