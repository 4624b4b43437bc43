"""What `bin/source check` says of the repository's own files, on what is declared here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lakehouse.airbyte import connection_file
from lakehouse.onboarding.adding.render.files import files_of
from lakehouse.onboarding.checking.declared import declared_connections, declared_streams
from lakehouse.onboarding.checking.files_agree import check_files
from lakehouse.onboarding.checking.finding import Finding, Status
from lakehouse.onboarding.checking.variables import check_variables
from lakehouse.onboarding.writing.blueprint import BlueprintError
from tests.unit.lakehouse.onboarding.made_profiles import cafe

SOURCE = "source.lakehouse.bronze.raw_{}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the files that bin/source makes of the made-up cafe, and dbt's graph of them."""
    made = cafe()
    for name, text in files_of(made).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    streams = [source.lake_name(table) for source in made.sources for table in source.tables]
    models = sorted((tmp_path / "include/dbt/models").rglob("*.sql"))
    nodes = {
        path.stem: {
            "resource_type": "model",
            "original_file_path": str(path.relative_to(tmp_path / "include/dbt")),
            "depends_on": {"nodes": [SOURCE.format(path.stem.removeprefix("stg_"))]},
        }
        for path in models
    }
    sources = {name: {"name": f"raw_{name}", "unique_id": SOURCE.format(name)} for name in streams}
    (tmp_path / "include/dbt/manifest.json").write_text(json.dumps({"nodes": nodes, "sources": sources}))
    settings = tmp_path / "airflow_settings.yaml"
    settings.write_text(
        "airflow:\n  connections:\n    - conn_id: cafe_postgres\n      conn_type: postgres\n"
        "      conn_host: ${CAFE_PG_HOST}\n      conn_port: ${CAFE_PG_PORT:-5432}\n"
    )
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path / "include/airbyte")
    return tmp_path


def found(root: Path) -> list[Finding]:
    connections = declared_connections("cafe")
    streams = [stream for each in connections for stream in declared_streams(each, root)]
    return list(check_files(connections, streams, root))


def test_what_bin_source_makes_agrees(root: Path) -> None:
    [finding] = found(root)
    assert finding.status is Status.FITS
    assert "streams with contract and models" in finding.words


def test_a_contract_that_is_gone_is_missed(root: Path) -> None:
    (root / "include/contracts/cafe_orders.yaml").unlink()
    assert [finding.words for finding in found(root)] == ["include/contracts/cafe_orders.yaml is not there"]


def test_a_contract_that_nothing_reads_is_found(root: Path) -> None:
    text = (root / "include/contracts/cafe_orders.yaml").read_text()
    (root / "include/contracts/cafe_old.yaml").write_text(text.replace("cafe_orders", "cafe_old"))
    [finding] = found(root)
    assert (finding.what, finding.words) == ("cafe_old", "it has a contract, and no connection reads it")


def test_a_contract_of_another_place_is_found(root: Path) -> None:
    path = root / "include/contracts/cafe_orders.yaml"
    path.write_text(path.read_text().replace("source: cafe_postgres", "source: postgres"))
    [finding] = found(root)
    assert finding.words == "its contract's source is postgres, and it lands in cafe_postgres"


def test_a_key_is_compared_by_the_name_under_which_it_lands(root: Path) -> None:
    connection = root / "include/airbyte/cafe_files_to_lake.yaml"
    connection.write_text(connection.read_text().replace("delivery_id", "Delivery ID"))
    [finding] = found(root)
    assert finding.words == "its contract's key is delivery_id, and its connection's Delivery_ID"
    contract = root / "include/contracts/cafe_deliveries.yaml"
    contract.write_text(contract.read_text().replace("delivery_id", "Delivery_ID"))
    assert [finding.status for finding in found(root)] == [Status.FITS]


def test_models_that_the_manifest_lacks_or_has_too_many_make_it_stale(root: Path) -> None:
    shutil.move(
        root / "include/dbt/models/staging/cafe/stg_cafe_orders.sql",
        root / "include/dbt/models/staging/cafe/stg_cafe_purchases.sql",
    )
    [finding] = found(root)
    assert finding.remedy == "make manifest"
    assert "stg_cafe_orders.sql" in finding.words
    assert "stg_cafe_purchases.sql" in finding.words


def test_a_stream_without_source_table_or_staging_model_is_found(root: Path) -> None:
    path = root / "include/dbt/manifest.json"
    graph = json.loads(path.read_text())
    del graph["sources"]["cafe_orders"]
    graph["nodes"]["stg_cafe_order_lines"]["depends_on"]["nodes"] = []
    path.write_text(json.dumps(graph))
    words = {finding.what: finding.words for finding in found(root)}
    assert "has the table raw_cafe_orders" in words["cafe_orders"]
    assert words["cafe_order_lines"] == "no staging model reads bronze.raw_cafe_order_lines"


def test_an_unknown_business_names_those_that_there_are(root: Path) -> None:
    with pytest.raises(BlueprintError, match=r"has the business bakery; there are: cafe\."):
        declared_connections("bakery")


def test_variables_without_a_value_and_connections_without_an_entry_are_named(root: Path) -> None:
    connections = [each for each in declared_connections("cafe") if each.source.type == "postgres"]
    [finding] = check_variables(connections, {}, root)
    assert finding.words == "CAFE_PG_HOST has no value"
    assert finding.remedy == "set them in .env, as NAME=value"
    [finding] = check_variables(connections, {"CAFE_PG_HOST": "x"}, root)
    assert finding.status is Status.FITS
    (root / "airflow_settings.yaml").write_text("airflow:\n  connections: []\n")
    [finding] = check_variables(connections, {}, root)
    assert finding.words == "airflow_settings.yaml has no connection cafe_postgres"
    assert list(check_variables(connections, {"AIRFLOW_CONN_CAFE_POSTGRES": "postgres://x"}, root)) == []
