"""dbt used once before it is forked, so that no run pays for what dbt computes at its first use.

Measured on the night's project: a forked `dbt ls` costs 1.2 s of processor time after imports alone, 0.25 s
after this. The difference is JSON schemas and (de)serialisers that dbt generates from its own classes, source
lines that `inspect` reads, modules that are imported late: it follows from dbt's code, nothing of it from a
project. What a command keeps of its project (flags, adapter, log, ids) dbt sets again at every command:
several commands in one process are its documented programmatic use.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any, Final

PROJECT: Final = {
    "dbt_project.yml": """
name: lakehouse_dbt_warming
profile: lakehouse_dbt_warming
config-version: 2
version: "1.0.0"
models: {lakehouse_dbt_warming: {+materialized: incremental, +incremental_strategy: merge}}
data_tests: {lakehouse_dbt_warming: {+severity: error}}
""",
    "profiles.yml": """
lakehouse_dbt_warming:
  target: nowhere
  outputs:
    nowhere:
      type: dremio
      software_host: 127.0.0.1
      port: "{{ env_var('LAKEHOUSE_DBT_WARMING', '1') | as_number }}"
      user: nobody
      password: nothing
      use_ssl: "{{ env_var('LAKEHOUSE_DBT_WARMING', 'False') | as_bool }}"
      object_storage_source: nowhere
      object_storage_path: no_schema
      dremio_space: nowhere
      dremio_space_folder: no_schema
      threads: 1
""",
    "macros/one.sql": "{% macro one() %}{{ return(1) }}{% endmacro %}",
    "models/first.sql": """
{{ config(unique_key='id') }}
with source as (select * from {{ source('outside', 'things') }})
select id, {{ one() }} as "one" from source
""",
    "models/second.sql": "select * from {{ ref('first') }}",
    "models/first.yml": """
sources:
  - name: outside
    tables:
      - name: things
        columns: [{name: id, description: The key.}]
models:
  - name: first
    description: One row per thing.
    columns:
      - name: id
        description: The key.
        data_tests:
          - unique
          - not_null
          - accepted_values: {arguments: {values: [1, 2]}}
          - relationships: {arguments: {to: ref('second'), field: id}}
""",
    "tests/nothing.sql": "select * from {{ ref('second') }} where false",
}
"""Of everything that the night's project has, one. No connection is made to what its profile names."""

COMMANDS: Final = (
    ("parse",),
    ("ls",),
    ("compile", "--no-introspect", "--no-populate-cache"),
)


OPTIONS: Final = (
    "--quiet",
    "--log-level-file",
    "none",
    "--no-send-anonymous-usage-stats",
    # The static parser has threads of its own (dbt_extractor, by way of rayon), which a fork does not copy: a
    # run that used it would wait for them forever.
    "--no-static-parser",
)


class WarmingError(Exception):
    """dbt did not run the project of this module; the message has its reason."""


def warm() -> None:
    """Run each command once, on a project in a folder that is then deleted.

    Raises:
        WarmingError: a command failed.
    """
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        project = Path(folder)
        for name, text in PROJECT.items():
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        options = [*OPTIONS]
        for option in ("--project-dir", "--profiles-dir", "--target-path"):
            options += [option, folder]
        for command in COMMANDS:
            done = dbtRunner().invoke([*command, *options])
            if not done.success:
                raise WarmingError(f"dbt {command[0]}: {done.exception or said.getvalue()}")
            if command == COMMANDS[0]:
                _compile_macros(done.result)


def _compile_macros(manifest: Any) -> None:
    """The macros of dbt and of its adapter, into the cache where dbt looks for a macro by its text."""
    from dbt_common.clients.jinja import template_cache

    for macro in manifest.macros.values():
        if macro.package_name != manifest.metadata.project_name:
            template_cache.get_node_template(macro)
