"""Where the dbt project is, and which dbt runs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from lakehouse.platform.repository import INCLUDE, REPOSITORY

PROJECT_NAME: Final = "lakehouse"
"""`name` in dbt_project.yml, and the profile's and target's name in profiles.yml."""
PROJECT_FOLDER: Final = INCLUDE / "dbt"
PROFILES_FILE: Final = PROJECT_FOLDER / "profiles.yml"
MANIFEST_FILE: Final = PROJECT_FOLDER / "manifest.json"
"""What Airflow reads to draw the tasks; written by `make manifest`."""

LAYERS: Final = ("staging", "intermediate", "marts", "gold")
"""The folders below models/, in the order data flows through them."""

CLIENT: Final = Path(__file__).resolve().parent / "forked" / "client.py"
"""What runs dbt without its start; see lakehouse.dbt.forked."""

_BUILT_BY_MAKE: Final = REPOSITORY / ".local" / "envs" / "dbt"


def dbt_executable() -> Path:
    """`LAKEHOUSE_DBT_EXECUTABLE`, by default the client that has its dbt forked."""
    return Path(os.environ.get("LAKEHOUSE_DBT_EXECUTABLE") or CLIENT)


def dbt_environment() -> Path:
    """`LAKEHOUSE_DBT_ENVIRONMENT`, by default the environment that `make` builds.

    dbt has its own environment because its dependencies and Airflow's exclude each other.
    """
    return Path(os.environ.get("LAKEHOUSE_DBT_ENVIRONMENT") or _BUILT_BY_MAKE)


def plain_dbt() -> Path:
    """dbt itself, for a command that is run once."""
    return dbt_environment() / "bin" / "dbt"
