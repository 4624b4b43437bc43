"""Where the engine listens, keeps its state, and how much it may use."""

import os
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_state_dir() -> Path:
    """Where the XDG rules put what a program keeps for a user: ~/.local/state/dremio-engine."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "dremio-engine"


class Settings(BaseSettings):
    """Read from the environment; see the field's alias for the variable's name.

    Ports default to Dremio's own (9047 REST, 32010 Flight). Times are in seconds, sizes in bytes
    unless the name says otherwise.
    """

    model_config = SettingsConfigDict(populate_by_name=True, extra="ignore")

    host: str = Field("127.0.0.1", alias="DREMIO_HOST")
    rest_port: int = Field(9047, alias="DREMIO_PORT")
    flight_port: int = Field(32010, alias="DREMIO_FLIGHT_PORT")
    user: str = Field("lakehouse", alias="DREMIO_USER")
    password: str = Field("", alias="DREMIO_PASSWORD", repr=False)
    state_dir: Path = Field(
        default_factory=_default_state_dir,
        alias="DREMIO_STATE_DIR",
        description="the engine's own folder: catalog, jobs, what reflections keep",
    )

    memory_limit: str = Field("3GB", alias="DREMIO_MEMORY_LIMIT")
    threads: int = Field(0, alias="DREMIO_THREADS", description="0: one per core")
    spill_limit: str = Field(
        "20GB", alias="DREMIO_SPILL_LIMIT", description="what statements may put on disk beyond memory"
    )
    concurrent_jobs: int = Field(16, alias="DREMIO_CONCURRENT_JOBS", ge=1)
    user_jobs: int = Field(
        12,
        alias="DREMIO_USER_JOBS",
        ge=1,
        description="of the concurrent jobs, those that one user may have: the rest stays for others",
    )
    queued_jobs: int = Field(1000, alias="DREMIO_QUEUED_JOBS", ge=1, description="that wait")
    user_queued_jobs: int = Field(
        500, alias="DREMIO_USER_QUEUED_JOBS", ge=1, description="that wait, of one user"
    )
    # Dremio's default of Queue Control's timeout.
    queue_seconds: float = Field(
        300, alias="DREMIO_QUEUE_SECONDS", gt=0, description="a job that waited longer fails"
    )
    statement_seconds: float = Field(
        3600, alias="DREMIO_STATEMENT_SECONDS", gt=0, description="a statement that ran longer fails"
    )
    edition: Literal["community", "enterprise"] = Field(
        "community",
        alias="DREMIO_EDITION",
        description="enterprise: roles, GRANT, and every statement checked against them",
    )
    nas_root: Path | None = Field(
        None,
        validation_alias=AliasChoices("DREMIO_NAS_ROOT"),
        description="folder under which sources of type NAS may lie; none allowed when unset",
    )

    old_version_seconds: int = Field(
        3600,
        alias="DREMIO_OLD_VERSION_SECONDS",
        ge=1,
        description="how long a table's replaced version, and then its files, are kept",
    )

    reflection_poll_seconds: float = Field(
        10.0,
        alias="DREMIO_REFLECTION_POLL_SECONDS",
        gt=0,
        description="how often the engine looks which reflections are due; Dremio looks every 10 s",
    )

    token_seconds: int = Field(
        30 * 3600, alias="DREMIO_TOKEN_SECONDS", ge=1, description="how long a login holds (Dremio: 30 hours)"
    )
    result_bytes: int = Field(1 << 30, alias="DREMIO_RESULT_BYTES", description="of one statement")
    result_seconds: float = Field(15 * 60, alias="DREMIO_RESULT_SECONDS", gt=0)
    results_kept_bytes: int = 1 << 30
    rows_held_bytes: int = Field(
        2 << 30, alias="DREMIO_ROWS_HELD_BYTES", description="of all jobs, those that run among them"
    )
    stream_bytes: int = Field(
        64 << 20,
        alias="DREMIO_STREAM_BYTES",
        description="of one Flight result that are held while its client does not read",
    )
    unread_seconds: float = Field(
        60, alias="DREMIO_UNREAD_SECONDS", description="a Flight result nobody reads on for so long ends"
    )
    jobs_kept: int = 5000
    long_poll_seconds: float = 0.15
    statement_bytes: int = 1 << 20
    body_bytes: int = 4 << 20
    body_seconds: float = Field(
        30, alias="DREMIO_BODY_SECONDS", description="for a request's head, and again for its body"
    )

    @field_validator("state_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        """The same folder wherever the process goes from here."""
        return folder.expanduser().resolve()
