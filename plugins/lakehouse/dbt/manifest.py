"""The shipped manifest: what Airflow reads to draw the dbt tasks without running dbt.

    python -m lakehouse.dbt.manifest            write include/dbt/manifest.json from the project
    python -m lakehouse.dbt.manifest --check    exit 1 when it no longer is what the project says

dbt's own manifest holds every macro's text, random ids and the time of day. This one keeps what describes
the graph, sorted, so that it is small and changes only when the project does.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from lakehouse.dbt.project import MANIFEST_FILE, PROJECT_FOLDER, PROJECT_NAME, plain_dbt
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.whole_files import write_whole

PARSE_SECONDS: Final = 300
"""It takes seconds; on a machine that is busy otherwise, minutes."""
_NODE_KEYS: Final = (
    "unique_id",
    "resource_type",
    "package_name",
    "name",
    "alias",
    "path",
    "original_file_path",
    "fqn",
    "relation_name",
    "tags",
    "description",
    "depends_on",
    "checksum",
    "config",
    "columns",
    "loaded_at_field",
    "freshness",
)
_COLUMN_KEYS: Final = ("name", "data_type", "description")


class ManifestError(LakehouseError):
    """dbt could not parse the project, or the shipped manifest is not the project's."""


def parsed_manifest(project: Path = PROJECT_FOLDER, dbt: Path | None = None) -> dict[str, Any]:
    """The manifest that the project gives now, reduced. Runs `dbt parse`, which connects to nothing.

    Raises:
        ManifestError: dbt is not there, takes too long, or refuses the project; the message holds its output.
    """
    executable = dbt or plain_dbt()
    with tempfile.TemporaryDirectory() as scratch:
        command = [str(executable), "parse", "--quiet", "--no-partial-parse"]
        for option, folder in (
            ("--project-dir", project),
            ("--profiles-dir", project),
            ("--target-path", scratch),
            ("--log-path", scratch),
        ):
            command += [option, str(folder)]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=PARSE_SECONDS,
                env={**os.environ, "DO_NOT_TRACK": "1"},
                check=False,
            )
        except FileNotFoundError as error:
            raise ManifestError(
                f"no dbt at {executable}: run make, or set LAKEHOUSE_DBT_ENVIRONMENT"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ManifestError(
                f"dbt has not read the project in {PARSE_SECONDS} s: try again when the machine is less busy"
            ) from error
        if done.returncode:
            raise ManifestError(f"dbt cannot parse {project}:\n{done.stdout}{done.stderr}")
        return reduced(json.loads((Path(scratch) / "manifest.json").read_text(encoding="utf-8")))


def reduced(manifest: dict[str, Any]) -> dict[str, Any]:
    """The part of dbt's manifest (schema v12) that describes the graph: nothing that changes by itself."""
    return {
        "metadata": {"project_name": PROJECT_NAME, "adapter_type": manifest["metadata"]["adapter_type"]},
        "nodes": {key: _reduced_node(manifest["nodes"][key]) for key in sorted(manifest["nodes"])},
        "sources": {key: _reduced_node(manifest["sources"][key]) for key in sorted(manifest["sources"])},
        "exposures": {},
    }


def as_text(manifest: dict[str, Any]) -> str:
    """The manifest as it is kept in the repository."""
    return json.dumps(manifest, indent=1, sort_keys=True) + "\n"


def check(path: Path = MANIFEST_FILE) -> None:
    """Compare the shipped manifest with the project.

    Raises:
        ManifestError: they differ; the message names the nodes.
    """
    shipped = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"nodes": {}, "sources": {}}
    current = json.loads(as_text(parsed_manifest()))
    if shipped == current:
        return
    differing = sorted(
        name
        for section in ("nodes", "sources")
        for name in shipped[section].keys() | current[section].keys()
        if shipped[section].get(name) != current[section].get(name)
    )
    raise ManifestError(
        f"{path.name} is not what include/dbt says ({', '.join(differing) or 'metadata'}): "
        "run `make manifest`"
    )


def main(arguments: list[str] | None = None) -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m lakehouse.dbt.manifest")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    try:
        if parser.parse_args(arguments).check:
            check()
        else:
            write_whole(MANIFEST_FILE, as_text(parsed_manifest()))
    except ManifestError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _reduced_node(node: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: node[key] for key in _NODE_KEYS if key in node}
    kept["columns"] = {
        name: {key: column[key] for key in _COLUMN_KEYS} for name, column in node.get("columns", {}).items()
    }
    return kept


if __name__ == "__main__":
    sys.exit(main())
