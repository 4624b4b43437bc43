"""One platform: its settings, secrets, services and supervisor, opened for a command."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from embedded.airflow.environment import (
    AirflowVariables,
    airflow_settings,
    airflow_variables,
    recorded_connections,
)
from embedded.composition.first_night import first_night
from embedded.composition.place import recalled
from embedded.composition.secrets import GENERATORS
from embedded.composition.user_values import UserValues, user_values
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
        """The platform that this process's environment describes, where it was started last. Raises
        SettingsError."""
        return cls(Settings.from_environ(recalled(os.environ)))

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
    def user(self) -> UserValues:
        """The values of the user's own connections. Raises EnvFileError."""
        return user_values(self.settings, self.wire)

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """Every service of this checkout, by name. Raises ImportError when a package is missing."""
        from embedded.composition.catalogue import catalogue

        return catalogue(
            self.settings,
            self.secret,
            self.wire,
            airflow_environment=self.airflow_environment,
            user_values=lambda: self.user.values,
        )

    @cached_property
    def started(self) -> Mapping[str, Service]:
        """The services that were started last, as they were then; empty when none ever was."""
        return read_record(self.settings.run_dir)

    @cached_property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.settings)

    @cached_property
    def airflow(self) -> AirflowVariables:
        """Airflow's settings and connections. Raises PreparationError and EnvFileError."""
        # Takes Airflow's own interpreter, so it is asked for once, and only by what needs it.
        return airflow_variables(
            self.settings, self.secret, {**self.wire, **self.user.values}, self._metadata_url
        )

    def airflow_environment(self) -> dict[str, str]:
        """What a process of the airflow environment needs: the wire, the user's values, settings and
        connections. Raises PreparationError and EnvFileError."""
        return {**self.wire, **self.user.values, **first_night(self.settings), **self.airflow.variables}

    def recorded_airflow_environment(self) -> dict[str, str]:
        """The same with the connections that Airflow was last started with, whatever the files say today."""
        own = airflow_settings(self.settings, self.secret, self._metadata_url)
        return {**self.wire, **first_night(self.settings), **own, **recorded_connections(self.settings)}

    @property
    def _metadata_url(self) -> str:
        return database_url(self.settings, self.secret, "airflow", "postgresql+psycopg2")
