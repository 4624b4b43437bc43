"""`bin/source add` on the foreign business: from nothing, again after two days, and with edits in between.

What is written goes into a copy of the repository. In the first test dbt and the embedded engine's gate read
the copy; the others do without them, as each reading takes seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.bronze.contract_file import load_contract
from lakehouse.dbt.manifest import ManifestError
from lakehouse.onboarding import __main__, add
from lakehouse.onboarding.writing import derived_files
from lakehouse.platform.repository import REPOSITORY
from testing.foreign_api import LoyaltyService
from testing.foreign_business import MANIFEST, PASSWORD, TOKEN, ForeignBusiness
from testing.lakehouse.repository_without import repository_without
from testing.repository import PYTHON

GATE_SECONDS = 300
STREAMS = {
    "cafe_customers": "incremental",
    "cafe_deliveries": "incremental",
    "cafe_feedback": "full_refresh",
    "cafe_loyalty_events": "incremental",
    "cafe_order_items": "full_refresh",
    "cafe_orders": "incremental",
    "cafe_products": "full_refresh",
    "cafe_stock": "cdc",
    "cafe_stores": "incremental",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = repository_without("cafe", tmp_path / "repository")
    monkeypatch.setattr(add, "REPOSITORY", folder)
    monkeypatch.setenv("CAFE_TOKEN", TOKEN)
    for name in ("LAKEHOUSE_ENV_FILE", "PGPASSWORD", "PGHOST", "PGUSER", "PGDATABASE", "PGPORT"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def no_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived_files, "parsed_manifest", lambda _: {"nodes": {}})


def texts(root: Path) -> Mapping[str, str]:
    return {
        str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()
    }


def bring_in(business: ForeignBusiness, *more: str) -> int:
    """The database, and what `more` names."""
    return __main__.main(["add", "cafe", "--postgres", business.dsn, "--cdc", "stock", *more])


def faults_of_the_gate(root: Path) -> str:
    """What Dremio would not parse of the copy's SQL."""
    done = subprocess.run(
        [PYTHON, "-m", "testing.dremio_sql", root],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": "packages/dremio_engine/src:."},
        capture_output=True,
        text=True,
        timeout=GATE_SECONDS,
        check=False,
    )
    return done.stderr if done.returncode else ""


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def models(root: Path) -> dict[str, Any]:
    manifest = json.loads((root / "include/dbt/manifest.json").read_text("utf-8"))
    return {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}


def test_a_business_comes_in_from_nothing_and_follows_its_source(
    business: ForeignBusiness, service: LoyaltyService, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    business.next_day()
    before = texts(root)
    others = ("--files", business.pattern, "--rest", str(MANIFEST), "--url", service.url)
    gold = ("--gold", "orders,stock,feedback,products")
    assert bring_in(business, *others, "--token-variable", "CAFE_TOKEN", *gold, "--yes") == 0
    shown = capsys.readouterr().out
    assert PASSWORD not in shown
    assert TOKEN not in shown
    assert 'CREATE PUBLICATION "cafe_publication" FOR TABLE "public"."stock";' in shown
    after = texts(root)
    assert {path for path in before if after[path] != before[path]} == {
        "airflow_settings.yaml",
        "docker/.env.example",
        "docker/docker-compose.yaml",
        "include/dbt/manifest.json",
    }
    assert {path for path, text in after.items() if PASSWORD in text or TOKEN in text} == {".env"}
    assert (root / ".env").stat().st_mode & 0o777 == 0o600
    contracts = {name: load_contract(name, root / "include/contracts") for name in STREAMS}
    assert {name: contract.mode for name, contract in contracts.items()} == STREAMS
    assert {"stg_cafe_feedback", "int_cafe_orders", "fct_cafe_orders", "cafe_orders"} <= models(root).keys()
    settings = yaml.safe_load(after["airflow_settings.yaml"])["airflow"]["connections"]
    assert {"cafe_postgres", "cafe_files", "cafe_api"} <= {each["conn_id"] for each in settings}

    contract = root / "include/contracts/cafe_stores.yaml"
    edited(contract, "updated_at: {type: timestamp,", "updated_at: {min: 2024-01-01, type: timestamp,")
    mart = root / "include/dbt/models/marts/cafe/fct_cafe_products.sql"
    mart.write_text("-- What the barista may sell.\n" + mart.read_text("utf-8"), "utf-8")
    business.next_day()
    business.next_day()
    # The sources are those of the last call, the addresses and secrets those of `.env`.
    assert __main__.main(["add", "cafe", "--yes", "--rename", "products.cost=unit_cost"]) == 0
    shown = capsys.readouterr().out
    assert "changed: products.cost is called unit_cost at the source; the models keep cost" in shown
    assert "changed: stores.phone is new (varchar)" in shown
    stores = contract.read_text("utf-8")
    assert "min: 2024-01-01" in stores
    assert "  phone: {type: varchar}" in stores
    assert mart.read_text("utf-8").startswith("-- What the barista may sell.\n{{ same_rows(")
    staging = (root / "include/dbt/models/staging/cafe/stg_cafe_products.sql").read_text("utf-8")
    assert "'cost': 'coalesce(\"unit_cost\", \"cost\")'" in staging
    assert models(root)["cafe_products"]["columns"].keys() == {
        "sku", "name", "category", "cost", "price", "allergens",
    }  # fmt: skip
    assert faults_of_the_gate(root) == ""


@pytest.mark.usefixtures("no_dbt")
def test_a_dry_run_and_a_run_without_a_change_write_nothing(
    business: ForeignBusiness, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    business.next_day()
    before = texts(root)
    assert bring_in(business, "--dry-run") == 0
    assert texts(root) == before
    assert "+stream: cafe_orders" in capsys.readouterr().out
    assert bring_in(business, "--yes") == 0
    before = texts(root)
    assert __main__.main(["add", "cafe", "--yes"]) == 0
    assert texts(root) == before
    assert "cafe: the files are as the source is" in capsys.readouterr().out


@pytest.mark.usefixtures("no_dbt")
def test_an_edit_in_the_way_stops_the_run_and_shows_both(
    business: ForeignBusiness, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    business.next_day()
    assert bring_in(business, "--tables", "products,stock", "--yes") == 0
    contract = root / "include/contracts/cafe_products.yaml"
    edited(contract, "  cost: {type: 'decimal(10,4)', required: true}", "  cost: {type: double}")
    business.next_day()
    business.next_day()
    before = texts(root)
    assert __main__.main(["add", "cafe", "--yes"]) == 1
    assert texts(root) == before
    shown = capsys.readouterr().out
    assert "include/contracts/cafe_products.yaml: edited by hand where the source has changed" in shown
    assert "  cost: {type: double}\n" in shown
    assert "  cost: {type: 'decimal(10,4)', description:" in shown
    assert __main__.main(["add", "cafe", "--yes", "--on-conflict", "mine"]) == 0
    assert "  cost: {type: double}\n" in contract.read_text("utf-8")
    assert "  unit_cost: {type: 'decimal(10,4)'}\n" in contract.read_text("utf-8")


def test_what_dbt_refuses_is_never_written(
    business: ForeignBusiness, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not half a business, when a model elsewhere cannot be read."""

    def refuse(project: Path) -> None:
        assert (project / "models/staging/cafe/stg_cafe_orders.sql").is_file()
        raise ManifestError("dbt cannot parse the project")

    monkeypatch.setattr(derived_files, "parsed_manifest", refuse)
    business.next_day()
    before = texts(root)
    assert bring_in(business, "--yes") == 2
    assert texts(root) == before
    assert capsys.readouterr().err == "error: dbt cannot parse the project\n"
