"""Sources that are declared and have no values here: a colleague's clone, a machine without a secret.

Such a source is left out by name, and the others go on. What it lacks is told wherever it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from lakehouse.airbyte.certificates import CertificateUnreadableError, certificates_of
from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.platform.airflow_connections import ConnectionMissingError, airflow_connection

if TYPE_CHECKING:
    from airflow.sdk import Connection


def why_left_out(
    declared: ConnectionFile, find: Callable[[str], Connection] = airflow_connection
) -> str | None:
    """What the source lacks, and where to write it; None if Airflow has its connection and its certificates.

    Raises:
        ConnectionNotAnsweredError: Airflow could not say.
    """
    try:
        certificates_of(declared.source, find(declared.source.airflow_connection))
    except (ConnectionMissingError, CertificateUnreadableError) as error:
        return str(error)
    return None


def left_out(
    files: Iterable[ConnectionFile], find: Callable[[str], Connection] = airflow_connection
) -> dict[str, str]:
    """The connections whose source has no values, by short name, each with what it lacks.

    Raises:
        ConnectionNotAnsweredError: Airflow could not say.
    """
    reasons = {each.short_name: why_left_out(each, find) for each in files}
    return {name: why for name, why in reasons.items() if why is not None}


def told(reasons: Mapping[str, str]) -> list[str]:
    """A line for each reason, with all names that it holds for: two connections may lack one secret."""
    names: dict[str, list[str]] = {}
    for name, why in reasons.items():
        names.setdefault(why, []).append(name)
    return [f"{', '.join(each)}: {why}" for why, each in names.items()]
