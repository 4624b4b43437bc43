"""One platform: its settings, secrets, services and supervisor, opened for a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embedded.airflow.environment import airflow_environment
from embedded.composition.secrets import GENERATORS
from embedded.composition.wire import database_url, wire
from embedded.settings import Settings
from embedded.stack import secrets
from embedded.stack.record import read_record
from embedded.stack.service import Service
from embedded.stack.supervisor import Supervisor


@dataclass(frozen=True)
class Platform:
    """Everything a command needs; what is costly is made when it is first asked for.

    All but `services` works in an environment without packages.
    """

    settings: Settings

    @classmethod
    def here(cls) -> Platform:
        """The platform that this process's environment describes. Raises SettingsError."""
        return cls(Settings.from_environ())

    @property
    def secrets_file(self) -> Path:
        return self.settings.state_dir / "secrets.env"

    @cached_property
    def secret(self) -> Mapping[str, str]:
        """Raises SecretsError when data exists whose secrets are gone."""
        guarded = self.settings.service_dir("postgres") / "data"
        return secrets.load_or_create(self.secrets_file, GENERATORS, guarded)

    @cached_property
    def wire(self) -> Mapping[str, str]:
        return wire(self.settings, self.secret)

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """Every service of this checkout, by name. Raises ImportError when a package is missing."""
        from embedded.composition.catalogue import catalogue

        return catalogue(self.settings, self.secret, self.wire)

    @cached_property
    def started(self) -> Mapping[str, Service]:
        """The services that were started last, as they were then; empty when none ever was."""
        return read_record(self.settings.run_dir)

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.settings)

    def airflow_environment(self) -> dict[str, str]:
        """What a process of the airflow environment needs beside the wire: settings and connections."""
        url = database_url(self.settings, self.secret, "airflow", "postgresql+psycopg2")
        return airflow_environment(self.settings, self.secret, self.wire, url)
