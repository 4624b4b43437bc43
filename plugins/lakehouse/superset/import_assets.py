"""Dashboards as code, brought into Superset: find, compare, and import only on difference.

Importing is not free: it renews every dataset, whose modification time is part of each chart's cache key,
so every chart is cold afterwards. A bundle that is already there is therefore left alone, and a changed
address of the lake is changed in the database only.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from lakehouse.superset.assets_bundle import AssetsBundle, DashboardAsset
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import (
    SupersetImportError,
    SupersetNotFoundError,
    SupersetRequestError,
    SupersetUnavailableError,
)

log = logging.getLogger(__name__)

MASK: Final = "XXXXXXXXXX"
"""What Superset shows in place of a password."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did, and to what."""

    imported: bool
    """False when Superset already held exactly these files."""
    databases_readdressed: int
    digest: str
    dashboards: tuple[str, ...]
    charts: int
    datasets: int


def import_assets(
    client: SupersetClient, bundle: AssetsBundle, database_uri: str, *, force: bool = False
) -> ImportReport:
    """Makes Superset hold the bundle's dashboards, reading the lake at `database_uri`.

    Args:
        force: import even if nothing changed, which also undoes edits made in Superset.

    Raises:
        SupersetImportError: Superset refuses the bundle or fails on it; its words are in the message.
        SupersetUnavailableError: Superset is away, or it cannot reach the lake at that address.
    """
    needed = force or bool(outdated_dashboards(client, bundle)) or _lacks_databases(client, bundle)
    readdressed = 0
    if needed:
        _upload(client, bundle, database_uri)
    else:
        readdressed = sum(_readdress(client, uuid, database_uri) for uuid in bundle.database_uuids)
    return ImportReport(
        imported=needed,
        databases_readdressed=readdressed,
        digest=bundle.digest,
        dashboards=tuple(each.title for each in bundle.dashboards),
        charts=len(bundle.of_kind("charts")),
        datasets=len(bundle.of_kind("datasets")),
    )


def outdated_dashboards(client: SupersetClient, bundle: AssetsBundle) -> list[DashboardAsset]:
    """Dashboards that are missing, came from other files, or have lost charts; nothing is changed."""
    return [each for each in bundle.dashboards if not _is_current(client, each, bundle.mark)]


def _lacks_databases(client: SupersetClient, bundle: AssetsBundle) -> bool:
    """Of a bundle without dashboards, whose mark would tell: is one of its databases not in Superset yet?"""
    return not bundle.dashboards and not all(_rows_of(client, uuid) for uuid in bundle.database_uuids)


def _is_current(client: SupersetClient, dashboard: DashboardAsset, mark: str) -> bool:
    """True when the dashboard came from these very files and all its charts are still there."""
    try:
        found = client.get(f"dashboard/{dashboard.uuid}")["result"]
        charts = client.get(f"dashboard/{dashboard.uuid}/charts")["result"]
    except SupersetNotFoundError:
        log.info("dashboard %r is not in Superset yet", dashboard.title)
        return False
    if mark not in (found["certification_details"] or ""):
        log.info("dashboard %r was imported from other files", dashboard.title)
        return False
    if len(charts) < len(dashboard.chart_uuids):
        log.info("dashboard %r has lost charts since its import", dashboard.title)
        return False
    return True


def _upload(client: SupersetClient, bundle: AssetsBundle, database_uri: str) -> None:
    archive = {"bundle": ("assets.zip", bundle.zipped(database_uri))}
    passwords = {path: _password(database_uri) for path in bundle.of_kind("databases")}
    try:
        client.upload("assets/import/", archive, {"passwords": json.dumps(passwords)})
    except SupersetRequestError as error:
        raise SupersetImportError(f"Superset refuses the bundle: {error}") from error
    except SupersetUnavailableError as error:
        if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        # The importer answers a bare 500 whatever it meets; bundle_checks.py says what it can beforehand.
        raise SupersetImportError(
            f"Superset failed to import the bundle, its log says why: {error}"
        ) from error


def _readdress(client: SupersetClient, uuid: str, database_uri: str) -> bool:
    """Points an existing database at `database_uri` unless it already reads from there. True if changed."""
    database_id = _database_id(client, uuid)
    held = client.get(f"database/{database_id}/connection")["result"]["sqlalchemy_uri"]
    if _without_password(held) == _without_password(database_uri) and _answers(client, database_id):
        return False
    try:
        client.put(f"database/{database_id}", {"sqlalchemy_uri": database_uri})
    except SupersetRequestError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        # Superset tries an address before it stores it.
        raise SupersetUnavailableError(
            f"Superset cannot reach the lake at {_without_password(database_uri)}: {error}"
        ) from error
    log.info("database %s now reads from %s", uuid, _without_password(database_uri))
    return True


def _database_id(client: SupersetClient, uuid: str) -> int:
    rows = _rows_of(client, uuid)
    if not rows:
        raise SupersetImportError(f"the database {uuid} is gone from Superset; import with force")
    return int(rows[0]["id"])


def _rows_of(client: SupersetClient, uuid: str) -> list[dict[str, Any]]:
    """The database of that uuid as Superset lists it; empty if it has none."""
    found = client.get("database/", {"q": f"(filters:!((col:uuid,opr:eq,value:'{uuid}')))"})
    return list(found["result"])


def _answers(client: SupersetClient, database_id: int) -> bool:
    """True when Superset can list the schemas with the password it holds (it never shows that password)."""
    try:
        client.get(f"database/{database_id}/schemas/", {"q": "(force:!t)"})
    except (SupersetRequestError, SupersetUnavailableError) as error:
        log.info("database %s does not answer with the stored password: %s", database_id, error)
        return False
    return True


def _password(uri: str) -> str | None:
    password = urlsplit(uri).password
    return unquote(password) if password else None


def _without_password(uri: str) -> str:
    parts: Any = urlsplit(uri)
    return parts._replace(netloc=f"{parts.username}:{MASK}@{parts.hostname}:{parts.port}").geturl()
