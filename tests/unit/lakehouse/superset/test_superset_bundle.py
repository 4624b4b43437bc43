"""The ZIP bundle: what is added to the files, what is not, and when it counts as changed."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest
import yaml
from airflow.models import Connection

from lakehouse.superset import hook
from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.errors import SupersetImportError
from lakehouse.superset.hook import ConnectionIncompleteError, lake_uri

FOLDER = Path(__file__).resolve().parents[4] / "include" / "superset"
URI = "dremio+flight://lakehouse:pass@lake:32010/?UseEncryption=false"


def unzip(archive: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def test_the_bundle_holds_every_file_under_one_root() -> None:
    expected = {f"assets/{path.relative_to(FOLDER).as_posix()}" for path in FOLDER.rglob("*.yaml")}
    assert set(unzip(read_bundle(FOLDER).zipped(URI))) == expected


def test_the_same_files_and_address_give_the_same_bytes() -> None:
    assert read_bundle(FOLDER).zipped(URI) == read_bundle(FOLDER).zipped(URI)


@pytest.mark.needs_shop
def test_the_address_is_filled_in_and_the_mark_is_in_every_dashboard() -> None:
    bundle = read_bundle(FOLDER)
    unzipped = unzip(bundle.zipped(URI))
    databases = [yaml.safe_load(text) for name, text in unzipped.items() if "/databases/" in name]
    dashboards = [yaml.safe_load(text) for name, text in unzipped.items() if "/dashboards/" in name]
    assert [each["sqlalchemy_uri"] for each in databases] == [URI]
    assert dashboards
    assert all(each["certification_details"].endswith(bundle.mark) for each in dashboards)
    # A key of our own there makes every later save in the browser fail with "Unknown field".
    assert all(not any("lakehouse" in key for key in each["metadata"]) for each in dashboards)


@pytest.mark.needs_shop
def test_the_digest_changes_with_a_file_and_not_with_the_address(tmp_path: Path) -> None:
    copied = tmp_path / "superset"
    shutil.copytree(FOLDER, copied)
    assert read_bundle(copied).digest == read_bundle(FOLDER).digest
    chart = copied / "charts" / "revenue.yaml"
    chart.write_text(chart.read_text() + "\n")
    assert read_bundle(copied).digest != read_bundle(FOLDER).digest


@pytest.mark.needs_shop
def test_the_digest_changes_when_a_file_is_renamed(tmp_path: Path) -> None:
    copied = tmp_path / "superset"
    shutil.copytree(FOLDER, copied)
    (copied / "charts" / "revenue.yaml").rename(copied / "charts" / "renamed.yaml")
    assert read_bundle(copied).digest != read_bundle(FOLDER).digest


def test_a_folder_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SupersetImportError, match="nothing under"):
        read_bundle(tmp_path)


def test_the_lake_alone_is_a_bundle_of_a_repository_without_a_dashboard(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "databases", tmp_path / "databases")
    bundle = read_bundle(tmp_path)
    assert bundle.dashboards == ()
    assert len(bundle.database_uuids) == 1


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "dashboards" / "broken.yaml").write_text("a: [")
    with pytest.raises(SupersetImportError, match=r"broken\.yaml is not YAML"):
        read_bundle(tmp_path)


def connection(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    made = Connection(conn_id="dremio_default", conn_type="http", **fields)  # type: ignore[arg-type]
    monkeypatch.setattr(hook, "airflow_connection", lambda conn_id: made)


def test_the_lakes_address_comes_from_the_airflow_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(
        monkeypatch,
        host="lake",
        port=9047,
        login="lake user",
        password="p@ss/w:rd",
        extra='{"flight_port": 31010}',
    )
    assert lake_uri() == "dremio+flight://lake%20user:p%40ss%2Fw%3Ard@lake:31010/?UseEncryption=false"


def test_https_means_an_encrypted_flight_port(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, host="https://lake.example/", schema="https", login="u", password="p")
    assert lake_uri() == "dremio+flight://u:p@lake.example:32010/?UseEncryption=true"


def test_superset_may_see_the_lake_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, host="127.0.0.1", login="u", password="p", extra='{"superset_host": "dremio"}')
    assert lake_uri() == "dremio+flight://u:p@dremio:32010/?UseEncryption=false"


def test_a_password_the_driver_cannot_carry_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection(monkeypatch, host="lake", login="u", password="half;half")
    with pytest.raises(ConnectionIncompleteError, match="contains ';'") as refused:
        lake_uri()
    assert "half" not in str(refused.value)


def test_a_connection_without_host_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    connection(monkeypatch, login="u", password="p")
    with pytest.raises(ConnectionIncompleteError, match="'dremio_default' has no host"):
        lake_uri()


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("charts/revenue.yaml", "slice_name:", "slice_nam:", r"charts/revenue\.yaml has no slice_name"),
        (
            "charts/revenue.yaml",
            "dataset_uuid: ",
            "dataset_uuid: 0",
            r"dataset_uuid 0\S+ is not the uuid of a file",
        ),
        ("charts/revenue.yaml", '"queries": [', '"quer": [', "query_context holds no query"),
        ("charts/revenue.yaml", "query_context: |", "query_context: '['\nx: |", "is not a JSON object"),
        (
            "charts/revenue.yaml",
            "\nuuid: ",
            "\nuuid: 0",
            r"CHART-revenue lays out \S+, which is not the uuid",
        ),
        ("dashboards/customer_analytics.yaml", "chartId: 1\n", "chart: 1\n", "CHART-revenue has no chartId"),
        ("databases/Lakehouse.yaml", "extra: {}", "", r"Lakehouse\.yaml has no extra"),
    ],
)
def test_what_superset_would_answer_with_a_bare_500_is_said_beforehand(
    tmp_path: Path, path: str, old: str, new: str, said: str
) -> None:
    copied = tmp_path / "superset"
    shutil.copytree(FOLDER, copied)
    text = (copied / path).read_text()
    assert old in text
    (copied / path).write_text(text.replace(old, new, 1))
    with pytest.raises(SupersetImportError, match=said):
        read_bundle(copied)
