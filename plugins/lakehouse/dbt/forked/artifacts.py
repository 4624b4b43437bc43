"""What a forked dbt writes beside its results.

- An artifact is encoded as a whole, by the encoder that is written in C: dbt passes `json.dump` a file, which
  then encodes in Python, value by value.
- `LAKEHOUSE_DBT_MANIFEST=parsed` writes manifest.json only when the project was parsed since it was last
  written. dbt writes it twice in every run, before and after, a quarter of the processor time of a run of one
  model. What is then missing in it is the compiled text of the nodes that ran, which is in target/compiled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "LAKEHOUSE_DBT_MANIFEST"
WHEN_PARSED: Final = "parsed"


def write_at_once() -> None:
    """Let dbt encode a whole artifact before it writes it. The file's bytes are the same."""
    from dbt.artifacts.schemas import base
    from dbt.artifacts.schemas.run.v5 import run
    from dbt_common.clients.system import write_file
    from dbt_common.utils.encoding import JSONEncoder

    def write_json(path: str, data: dict[str, Any]) -> bool:
        return bool(write_file(path, json.dumps(data, cls=JSONEncoder)))

    base.write_json = write_json
    run.write_json = write_json


def apply_settings(environment: Mapping[str, str]) -> None:
    """Write in this process what the environment of the run asks for."""
    if environment.get(VARIABLE) != WHEN_PARSED:
        return
    from dbt.constants import MANIFEST_FILE_NAME, PARTIAL_PARSE_FILE_NAME
    from dbt.parser import manifest as parser
    from dbt.task import runnable

    write = parser.write_manifest

    def write_when_parsed(manifest: Any, target_path: str, which: str | None = None) -> None:
        written, parsed = Path(target_path, MANIFEST_FILE_NAME), Path(target_path, PARTIAL_PARSE_FILE_NAME)
        if not (parsed.exists() and written.exists()) or _changed(parsed) > _changed(written):
            write(manifest, target_path, which)

    parser.write_manifest = write_when_parsed
    runnable.write_manifest = write_when_parsed


def _changed(file: Path) -> int:
    return file.stat().st_mtime_ns
