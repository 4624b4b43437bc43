"""One platform: its settings, secrets, services and supervisor, opened for a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embedded.airflow.environment import airflow_environment
from embedded.settings import Settings
from embedded.stack import secrets
from embedded.stack.catalogue import catalogue
from embedded.stack.service import Program, Service
from embedded.stack.supervisor import Supervisor
from embedded.stack.wire import wire


@dataclass(frozen=True)
class Platform:
    """Everything a command needs; what is costly is made when it is first asked for."""

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
        return secrets.load_or_create(self.secrets_file, guarded)

    @cached_property
    def wire(self) -> Mapping[str, str]:
        return wire(self.settings, self.secret)

    @cached_property
    def services(self) -> Mapping[str, Service]:
        return catalogue(self.settings, self.secret)

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.settings)

    @property
    def programs(self) -> list[Program]:
        return [program for service in self.services.values() for program in service.programs]

    def airflow_environment(self) -> dict[str, str]:
        """What a process of the airflow environment needs beside the wire: settings and connections."""
        return airflow_environment(self.settings, self.secret, self.wire)
