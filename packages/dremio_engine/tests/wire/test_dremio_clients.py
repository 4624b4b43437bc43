"""The unmodified clients from their own environments: dbt-dremio and sqlalchemy-dremio."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testing.engine_on_the_wire import Client, EngineProcess
from testing.repository import ROOT

DBT = ROOT / ".local/envs/dbt/bin/dbt"
SUPERSET_PYTHON = ROOT / ".local/envs/superset/bin/python"

ORDERS = """
{{ config(materialized='incremental', incremental_strategy='merge', unique_key='order_id',
          on_schema_change='sync_all_columns', datalake='gold', partition_by=['month(order_date)']) }}
select 1 as order_id, date '2025-10-16' as order_date, cast(10.5 as decimal(12,2)) as amount
    {% if var('wider', false) %}, 'new' as note {% endif %}
union all
select 2, date '2025-10-17', cast({{ var('amount', 20) }} as decimal(12,2))
    {% if var('wider', false) %}, 'too' {% endif %}
"""
SCHEMA = """
models:
  - name: orders
    description: One row per order.
    columns:
      - name: order_id
        data_tests: [unique, not_null]
"""


@pytest.fixture
def project(engine: EngineProcess, tmp_path: Path) -> Path:
    """A dbt project with a table, an incremental model, a view and tests."""
    models = tmp_path / "models"
    models.mkdir()
    (models / "orders.sql").write_text(ORDERS)
    (models / "stg_customers.sql").write_text(
        "{{ config(materialized='table') }} select 1 as customer_id, trim(upper(' bob ')) as customer_name"
    )
    (models / "order_totals.sql").write_text(
        "{{ config(materialized='view') }} select sum(amount) as total from {{ ref('orders') }}"
    )
    (models / "schema.yml").write_text(SCHEMA)
    (tmp_path / "dbt_project.yml").write_text(
        json.dumps(
            {
                "name": "trial",
                "profile": "trial",
                "version": "1.0",
                "models": {"trial": {"+persist_docs": {"relation": True}}},
            }
        )
    )
    output = {
        "type": "dremio",
        "threads": 4,
        "software_host": "127.0.0.1",
        "port": engine.port,
        "use_ssl": False,
        "user": engine.user,
        "password": engine.password,
        "object_storage_source": "staging",
        "object_storage_path": "no_schema",
        "dremio_space": "bronze",
        "dremio_space_folder": "no_schema",
    }
    (tmp_path / "profiles.yml").write_text(json.dumps({"trial": {"target": "t", "outputs": {"t": output}}}))
    return tmp_path


def dbt(project: Path, *arguments: str) -> None:
    """Run dbt; a failure shows what it printed."""
    environ = {**os.environ, "DBT_PROFILES_DIR": str(project), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        [DBT, *arguments], cwd=project, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not DBT.exists(), reason="the dbt environment is not built")
def test_dbt_builds_merges_widens_rebuilds_and_documents(project: Path, client: Client) -> None:
    dbt(project, "build")
    assert client.sql("select total from bronze.order_totals") == [{"total": 30.5}]
    dbt(project, "build", "--vars", json.dumps({"wider": True, "amount": 99}))
    rows = client.sql("select order_id, amount, note from gold.orders order by order_id")
    assert rows == [
        {"order_id": 1, "amount": 10.5, "note": "new"},
        {"order_id": 2, "amount": 99.0, "note": "too"},
    ]
    dbt(project, "run", "--full-refresh", "--select", "orders")
    assert client.value("select sum(amount) from gold.orders") == 30.5
    dbt(project, "docs", "generate")
    catalog: dict[str, Any] = json.loads((project / "target/catalog.json").read_text())
    assert list(catalog["nodes"]["model.trial.orders"]["columns"]) == ["order_id", "order_date", "amount"]
    orders = client.by_path("gold", "orders")["id"]
    wiki = client.http.get(f"/api/v3/catalog/{orders}/collaboration/wiki").json()
    assert "One row per order." in wiki["text"]


READ_WITH_SQLALCHEMY = """
import json, sys
import pandas
from sqlalchemy import create_engine, inspect
engine = create_engine(sys.argv[1])
shape = inspect(engine)
frame = pandas.read_sql(
    "SELECT DATE_TRUNC('DAY', moment) AS \\"day\\", SUM(amount) AS total FROM marts.readings WHERE moment >="
    " TO_TIMESTAMP('2025-01-01 00:00:00.000','YYYY-MM-DD HH24:MI:SS.FFF') GROUP BY DATE_TRUNC('DAY', moment)"
    " ORDER BY total DESC LIMIT 10000", engine)
print(json.dumps({
    "schemas": shape.get_schema_names(), "tables": shape.get_table_names("marts"),
    "columns": [c["name"] for c in shape.get_columns("readings", "marts")],
    "days": [str(d) for d in frame["day"]], "totals": [float(t) for t in frame["total"]],
}))
"""


@pytest.mark.skipif(not SUPERSET_PYTHON.exists(), reason="the Superset environment is not built")
def test_sqlalchemy_inspects_and_reads_as_superset_does(engine: EngineProcess, client: Client) -> None:
    client.sql(
        "create table marts.readings as select * from (values"
        " (timestamp '2025-10-16 10:00:00', cast(1.5 as decimal(12,2))),"
        " (timestamp '2025-10-16 11:00:00', cast(2.5 as decimal(12,2)))) as t(moment, amount)"
    )
    address = f"{engine.user}:{engine.password}@127.0.0.1:{engine.flight_port}"
    done = subprocess.run(
        [
            SUPERSET_PYTHON,
            "-c",
            READ_WITH_SQLALCHEMY,
            f"dremio+flight://{address}/dremio?UseEncryption=false",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {"gold", "marts", "staging", "bronze"} <= set(found["schemas"])
    assert "readings" in found["tables"]
    assert found["columns"] == ["moment", "amount"]
    assert (found["days"], found["totals"]) == (["2025-10-16 00:00:00"], [4.0])
