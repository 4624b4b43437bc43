"""Dashboards as code into a real Superset: only on change, and never a secret shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import AssetsBundle, read_bundle
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import SupersetImportError, SupersetUnavailableError
from lakehouse.superset.import_assets import MASK, import_assets

AWAY = "dremio+flight://lakehouse:secret-of-away@127.0.0.1:1/?UseEncryption=false"


def everything(client: SupersetClient) -> dict[str, Any]:
    """All that Superset holds and when it last changed."""
    kinds = ("database", "dataset", "chart", "dashboard")
    lists = {kind: client.get(f"{kind}/", {"q": "(page_size:100)"})["result"] for kind in kinds}
    assert all(lists.values())
    for rows in lists.values():
        for row in rows:
            # "3 seconds ago" changes by itself.
            for key in [key for key in row if "humanized" in key]:
                del row[key]
    return lists


def copy_of_files(folder: Path) -> Path:
    return shutil.copytree(INCLUDE / "superset", folder / "superset")


def database_id(client: SupersetClient) -> int:
    (row,) = client.get("database/")["result"]
    return int(row["id"])


@pytest.mark.usefixtures("dashboard")
def test_importing_twice_changes_nothing(client: SupersetClient, bundle: AssetsBundle, lake_uri: str) -> None:
    before = everything(client)
    report = import_assets(client, bundle, lake_uri)
    assert (report.imported, report.databases_readdressed) == (False, 0)
    assert everything(client) == before


def test_what_was_imported_is_what_the_files_say(
    client: SupersetClient, dashboard: str, chart_names: set[str]
) -> None:
    charts = {each["slice_name"] for each in client.get(f"dashboard/{dashboard}/charts")["result"]}
    assert charts == chart_names
    tables = {each["table_name"] for each in client.get(f"dashboard/{dashboard}/datasets")["result"]}
    assert tables == {"orders", "daily_revenue", "customer_metrics"}


def test_a_changed_file_is_imported(
    client: SupersetClient, dashboard: str, bundle: AssetsBundle, lake_uri: str, tmp_path: Path
) -> None:
    folder = copy_of_files(tmp_path)
    chart = folder / "charts" / "revenue.yaml"
    chart.write_text(chart.read_text().replace("slice_name: Revenue", "slice_name: Turnover"))
    assert import_assets(client, read_bundle(folder), lake_uri).imported
    names = {each["slice_name"] for each in client.get(f"dashboard/{dashboard}/charts")["result"]}
    assert "Turnover" in names
    assert "Revenue" not in names
    assert import_assets(client, bundle, lake_uri).imported


def test_a_chart_deleted_in_superset_comes_back(
    client: SupersetClient, dashboard: str, bundle: AssetsBundle, lake_uri: str
) -> None:
    charts = client.get(f"dashboard/{dashboard}/charts")["result"]
    client._call("DELETE", f"chart/{charts[0]['id']}")
    assert import_assets(client, bundle, lake_uri).imported
    assert len(client.get(f"dashboard/{dashboard}/charts")["result"]) == len(charts)


def test_an_edit_in_superset_stays_until_an_import_is_forced(
    client: SupersetClient, dashboard: str, bundle: AssetsBundle, lake_uri: str
) -> None:
    number = client.get(f"dashboard/{dashboard}")["result"]["id"]
    client.put(f"dashboard/{number}", {"dashboard_title": "Edited"})
    assert not import_assets(client, bundle, lake_uri).imported
    assert client.get(f"dashboard/{dashboard}")["result"]["dashboard_title"] == "Edited"
    assert import_assets(client, bundle, lake_uri, force=True).imported
    assert client.get(f"dashboard/{dashboard}")["result"]["dashboard_title"] == "Customer Analytics"


def test_an_imported_dashboard_can_be_saved_in_the_browser(client: SupersetClient, dashboard: str) -> None:
    """The digest once was a key of the metadata: every save then failed with "Unknown field"."""
    found = client.get(f"dashboard/{dashboard}")["result"]
    saved = client.put(f"dashboard/{found['id']}", {"json_metadata": found["json_metadata"]})
    assert json.loads(saved["result"]["json_metadata"])["native_filter_configuration"]


@pytest.mark.usefixtures("dashboard")
@pytest.mark.parametrize("stale", [AWAY, "the old password"])
def test_a_moved_lake_or_a_new_password_readdresses_without_an_import(
    client: SupersetClient, bundle: AssetsBundle, lake_uri: str, stale: str
) -> None:
    if not stale.startswith("dremio"):
        user_and_password, host = lake_uri.split("@")
        stale = f"{user_and_password.rpartition(':')[0]}:outdated@{host}"
    import_assets(client, bundle, stale, force=True)
    report = import_assets(client, bundle, lake_uri)
    assert (report.imported, report.databases_readdressed) == (False, 1)
    assert import_assets(client, bundle, lake_uri).databases_readdressed == 0


@pytest.mark.usefixtures("dashboard")
def test_superset_does_not_show_the_lakes_password(client: SupersetClient, lake_uri: str) -> None:
    password = lake_uri.split("@")[0].rpartition(":")[2]
    shown = json.dumps(client.get(f"database/{database_id(client)}/connection"))
    assert MASK in shown
    assert password not in shown


@pytest.mark.usefixtures("dashboard")
def test_a_lake_that_is_not_there_is_a_transient_error_and_the_old_address_stays(
    client: SupersetClient, bundle: AssetsBundle, lake_uri: str
) -> None:
    with pytest.raises(
        SupersetUnavailableError, match=r"cannot reach the lake at .*@127\.0\.0\.1:1/"
    ) as refused:
        import_assets(client, bundle, AWAY)
    assert "secret-of-away" not in str(refused.value)
    assert import_assets(client, bundle, lake_uri).databases_readdressed == 0


@pytest.mark.usefixtures("dashboard")
def test_a_bundle_superset_fails_on_says_where_to_look_and_changes_nothing(
    client: SupersetClient, lake_uri: str, tmp_path: Path
) -> None:
    before = everything(client)
    folder = copy_of_files(tmp_path)
    chart = folder / "charts" / "revenue.yaml"
    chart.write_text(chart.read_text() + "no_such_key: 1\n")
    with pytest.raises(SupersetImportError, match="its log says why"):
        import_assets(client, read_bundle(folder), lake_uri)
    assert everything(client) == before
