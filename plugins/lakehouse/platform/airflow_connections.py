"""Airflow's connections, with a cure in the error when one is missing.

Airflow's own error is one for two cases: that nobody has defined the connection, which a rerun cannot change,
and that the API server could not be asked, which it can. It names neither the variable that has no value nor
the place to write it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from lakehouse.platform.airflow_settings import (
    SETTINGS_FILE,
    SettingsError,
    incomplete,
    read_sections,
    unusable,
)
from lakehouse.platform.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from airflow.sdk import Connection

ENV_FILE: Final = "LAKEHOUSE_ENV_FILE"


class ConnectionMissingError(PermanentError):
    """Airflow has no such connection; the message names what to set and where."""


class ConnectionNotAnsweredError(TransientError):
    """Airflow could not say whether it has the connection."""


class TellsWhatIsMissing(BaseHook):
    """A hook whose error about a missing connection says what to do: to be named before a provider's hook."""

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """As `airflow_connection`."""
        return airflow_connection(conn_id)


def airflow_connection(conn_id: str) -> Connection:
    """The connection of that id, wherever this Airflow keeps it.

    Raises:
        ConnectionMissingError: nobody has defined it.
        ConnectionNotAnsweredError: the API server could not be asked.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        if not _is_undefined(conn_id):
            raise ConnectionNotAnsweredError(
                f"Airflow's API server did not say what the connection {conn_id!r} is; "
                "this task tries again, nothing needs to be done"
            ) from error
        raise ConnectionMissingError(cure_of(conn_id, os.environ)) from error


def cure_of(conn_id: str, environment: Mapping[str, str]) -> str:
    """What to do about a connection that Airflow does not have, in two sentences."""
    missing = f"Airflow has no connection {conn_id!r}"
    otherwise = f"or add it to Airflow's database: bin/airflow connections add {conn_id} --conn-uri ..."
    try:
        entries = [entry for entry in read_sections()["connections"] if entry["conn_id"] == conn_id]
    except SettingsError as error:
        return f"{missing}, and {error}. Correct the file and run `make up`, {otherwise}"
    if not entries:
        undeclared = f"{SETTINGS_FILE.name} declares none"
        return f"{missing}, and {undeclared}. Declare it there and run `make up`, {otherwise}"
    names = ", ".join(incomplete(entries, environment).get(conn_id, ()))
    place = environment.get(ENV_FILE) or ".env"
    if not names and (why := unusable(entries, environment).get(conn_id)):
        return f"{missing}: {why}. Correct it in {place} and run `make up`, {otherwise}"
    if not names:
        return f"{missing}, but {SETTINGS_FILE.name} declares it. Run `make up` to load the file, {otherwise}"
    return (
        f"{missing}: {names} in {SETTINGS_FILE.name} {'has' if ',' not in names else 'have'} no value. "
        f"Write {'it' if ',' not in names else 'them'} to {place} and run `make up`, {otherwise}"
    )


def _is_undefined(conn_id: str) -> bool:
    """Does Airflow say that there is no such connection, or did it only not answer?"""
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time import task_runner
    from airflow.sdk.execution_time.comms import ErrorResponse, GetConnection

    comms: Any = getattr(task_runner, "SUPERVISOR_COMMS", None)
    if comms is None:  # not in a task: the database and the environment were asked directly
        return True
    try:
        answer = comms.send(GetConnection(conn_id=conn_id))
    except AirflowRuntimeError as error:
        answer = error.error
    except Exception:  # noqa: BLE001 - whatever it was, it is not an answer
        return False
    return isinstance(answer, ErrorResponse) and answer.error == ErrorType.CONNECTION_NOT_FOUND
