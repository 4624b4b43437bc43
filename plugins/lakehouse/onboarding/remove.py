"""`bin/source remove NAME`: takes a business out of the repository, whole or not at all.

It shows what goes and asks. What reads another business too stops it, unless --with names it. The lake,
Airbyte, Superset and the source keep what they have: the last lines say what that is, and what takes it away.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lakehouse.dbt.manifest import as_text, parsed_manifest
from lakehouse.onboarding.blueprint import BlueprintError
from lakehouse.onboarding.left_outside import left_outside
from lakehouse.onboarding.ownership import DBT, MANIFEST, Owned, owned_by
from lakehouse.onboarding.plan import FileChange
from lakehouse.onboarding.writing import write_all
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
    # Of the project as it is: the shipped manifest may be older.
    owned = owned_by(options.name, options.also, manifest=parsed_manifest())
    for line in shown(owned):
        print(line)
    if owned.shared:
        listed = "\n".join(f"  {each.kind} {each.name} {each.why}" for each in owned.shared)
        raise SharedError(
            f"these read {owned.business} and more: change them, or take them out with --with NAME\n{listed}"
        )
    manifest = rebuilt_manifest(owned.changes)
    if options.dry_run:
        print("nothing was written: --dry-run")
        return 0
    unsaved = not_in_git([change.path for change in owned.changes])
    if unsaved:
        print(f"git does not have these as they are; they cannot be brought back: {', '.join(unsaved)}")
    if not options.yes and not _agreed(owned.business):
        print("nothing was written")
        return 1
    write_all([*owned.changes, *manifest], REPOSITORY)
    print(f"{owned.business} is out of the repository")
    for line in left_outside(owned):
        print(line)
    return 0


def shown(owned: Owned) -> Iterator[str]:
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
    print_as = f"{owned.business}: {told}"
    yield f"{print_as}; {len(owned.gone)} files go, {len(changed) + 1} change"
    for path in owned.gone:
        yield f"  delete  {path}"
    for change in changed:
        yield f"  change  {change.path}{_entries(owned, change)}"
    yield f"  change  {MANIFEST}: rebuilt"


def _entries(owned: Owned, change: FileChange) -> str:
    if change.is_private:
        return f": without {', '.join(owned.variables)}"
    if change.path.startswith(DBT):
        return ": without its models and sources"
    return f": without {', '.join(owned.airflow_connections)}"


def rebuilt_manifest(changes: Sequence[FileChange]) -> list[FileChange]:
    """The dbt manifest of the project after these changes, which dbt thereby has parsed.

    Raises:
        ManifestError: dbt refuses what would be left, for example a model that reads one that goes.
    """
    prefix = f"{DBT}/"
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / "dbt"
        shutil.copytree(REPOSITORY / DBT, project, ignore=shutil.ignore_patterns("target", "logs"))
        inside = [
            FileChange(change.path.removeprefix(prefix), change.before, change.after)
            for change in changes
            if change.path.startswith(prefix)
        ]
        write_all(inside, project)
        after = as_text(parsed_manifest(project))
    before = (REPOSITORY / MANIFEST).read_text(encoding="utf-8")
    return [] if after == before else [FileChange(MANIFEST, before, after)]


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
    if not sys.stdin.isatty():
        raise BlueprintError("there is nobody to ask here: add --yes, or --dry-run to see only")
    return input(f"take {business} out? [y/N] ").strip().lower() in ("y", "yes")
