"""`dbt build` of the project through the engine, and the same queries straight in DuckDB."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from duckdb_extensions import extension_importer

from bench import bucket
from bench.bronze_rows import BRONZE, DATE
from bench.report import Table, count
from dremio_engine.lake.definitions import partition_sql
from dremio_engine.sql import functions
from dremio_engine.sql.statements.command_parser import parse_command
from dremio_engine.sql.statements.commands import CreateTable
from dremio_engine.sql.translate import Relation, Translator
from testing.embedded_platform import EmbeddedPlatform
from testing.engine_on_the_wire import Client
from testing.repository import ROOT

PROJECT = ROOT / "include" / "dbt"
DBT = ROOT / ".local" / "envs" / "dbt" / "bin" / "dbt"
AIRFLOW_PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
LAYERS = ("staging", "intermediate", "marts", "gold")
BUILD_SECONDS = 900
PROVISION = """
from os import environ as wire
from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.sources import LakeAccess, load_sources, provision
url = f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}"
access = LakeAccess(*(wire[f"LAKE_S3_{n}"] for n in ("ENDPOINT", "ACCESS_KEY", "SECRET_KEY", "BUCKET")))
client = DremioClient(url, wire["DREMIO_USER"], wire["DREMIO_PASSWORD"])
provision(client, load_sources(), access)
"""


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size one table: dbt's time, what it is made of, and DuckDB's."""
    for rows in sizes:
        with _platform(rows) as (platform, lake):
            built = _build(platform)
            straight = _straight(lake, platform.wire["LAKE_S3_BUCKET"], built.queries)
        yield _table(rows, built, straight)


@dataclass(frozen=True)
class Built:
    """Seconds of a `dbt build`, and the queries it was made of: (relation or nothing, SQL)."""

    whole: float
    nodes: float
    in_jobs: float
    jobs: int
    queries: list[Query]


@dataclass(frozen=True)
class Query:
    """One of dbt's: a model's SELECT, with its table and partition keys, or a test's."""

    sql: str
    relation: str | None = None
    partitions: str = ""


def _table(rows: int, built: Built, straight: float) -> Table:
    table = Table(f"dbt build on {count(rows)} orders", ("what", "time", "dbt build : this"))

    def add(what: str, seconds: float, ratio: bool = False) -> None:
        table.add(what, f"{seconds:.2f} s", f"{built.whole / seconds:.2f}" if ratio else "")

    add("dbt build, the whole command", built.whole)
    add("- before the first node and after the last: dbt itself", built.whole - built.nodes)
    add("- from the first node to the last", built.nodes)
    add(f"- the engine had a job ({built.jobs} jobs)", built.in_jobs, ratio=True)
    add(
        f"the same {len(built.queries)} queries straight in DuckDB, one after the other", straight, ratio=True
    )
    table.notes.append(
        "Straight means the SELECT of every model into a DuckLake table with the same partitions in the same"
        " bucket, and of every test; without dbt's checks of columns and look-ups. Measured once,"
        " dbt with four threads."
    )
    return table


@contextmanager
def _platform(rows: int) -> Iterator[tuple[EmbeddedPlatform, duckdb.DuckDBPyConnection]]:
    platform = EmbeddedPlatform("bench-dbt")
    try:
        platform.up("postgres", "object_store", "dremio")
        wire = platform.wire
        with duckdb.connect(config={"memory_limit": "3GB"}) as lake:
            _reach(lake, wire)
            sizes = {"rows": rows, "customers": max(rows // 10, 10)}
            for (source, stream), sql in BRONZE.items():
                lake.execute(
                    f"copy ({sql.format(**sizes)}) to '{_bronze(wire, source, stream)}/data.parquet'"
                )
            environ = platform.environ | {"PYTHONPATH": str(ROOT / "plugins")}
            subprocess.run(
                [str(AIRFLOW_PYTHON), "-c", PROVISION], env=environ, cwd=ROOT, check=True, capture_output=True
            )
            _show(lake, wire)
            yield platform, lake
    finally:
        platform.down()


def _bronze(wire: dict[str, str], source: str, stream: str) -> str:
    return f"s3://{wire['LAKE_S3_BUCKET']}/bronze/{source}/{stream}/date={DATE}"


def _reach(lake: duckdb.DuckDBPyConnection, wire: dict[str, str]) -> None:
    bucket.reach(lake, wire)
    extension_importer.import_extension("ducklake")
    lake.execute("load ducklake")
    lake.execute("set TimeZone='UTC'; set default_null_order='nulls_last'; set integer_division=true")
    for macro in functions.MACROS:
        lake.execute(macro)


def _show(lake: duckdb.DuckDBPyConnection, wire: dict[str, str]) -> None:
    """The views `bronze.raw_*`, as load_bronze makes them, on both sides."""
    client = _client(wire)
    lake.execute("create schema bronze")
    for source, stream in BRONZE:
        dataset = f"lake_bronze.{source}.{stream}"
        client.sql(f"alter pds {dataset} refresh metadata auto promotion")
        columns = [row["COLUMN_NAME"] for row in client.sql(f"describe {dataset}")]
        listed = ", ".join(name for name in columns if name not in ("dir0", "date"))
        client.sql(
            f"create or replace view bronze.raw_{stream} as"
            f" select {listed}, cast(substr(dir0, 6) as date) as bronze_date from {dataset}"
        )
        lake.execute(
            f"create view bronze.raw_{stream} as select {listed}, date '{DATE}' as bronze_date"
            f" from read_parquet('{_bronze(wire, source, stream)}/*.parquet', hive_partitioning=false)"
        )


def _build(platform: EmbeddedPlatform) -> Built:
    target = platform.folder / "target"
    command = [
        str(DBT), "build", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(target), "--log-path", str(platform.folder / "logs"),
    ]  # fmt: skip
    environ = platform.environ | {
        "LAKEHOUSE_BUSINESS_DATE": DATE,
        "DBT_ENV_SECRET_DREMIO_PASSWORD": platform.wire["DREMIO_PASSWORD"],
    }
    client = _client(platform.wire)
    before = len(_jobs(client))
    began = time.perf_counter()
    done = subprocess.run(
        command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    whole = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stdout)
    jobs = _jobs(client)[before:]
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    moments = [timing for result in results for timing in result["timing"]]
    nodes = _seconds(max(m["completed_at"] for m in moments)) - _seconds(
        min(m["started_at"] for m in moments)
    )
    spans = sorted((job["begin"] / 1000, job["final"] / 1000) for job in jobs)
    return Built(whole, nodes, _covered(spans), len(jobs), list(_queries(results, target)))


def _client(wire: dict[str, str]) -> Client:
    url = f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}"
    return Client(url, wire["DREMIO_USER"], wire["DREMIO_PASSWORD"])


def _jobs(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    job = client.submit(
        'select submitted_epoch_millis as "begin", final_state_epoch_millis as "final" from sys.jobs_recent'
        " order by submitted_epoch_millis"
    )
    client.wait(job)
    while True:
        page = client.http.get(
            f"/api/v3/job/{job}/results", params={"offset": len(rows), "limit": 500}
        ).json()
        rows += page["rows"]
        if len(rows) >= page["rowCount"]:
            return rows


def _queries(results: list[dict[str, Any]], target: Path) -> Iterator[Query]:
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    for result in results:
        if result["unique_id"].startswith("model."):
            keys = nodes[result["unique_id"]]["config"].get("partition_by")
            yield Query(result["compiled_code"], result["relation_name"], _partition_keys(keys))
        elif result["unique_id"].startswith("test."):
            yield Query(result["compiled_code"])


def _partition_keys(keys: list[str] | None) -> str:
    """Dremio's partition transforms as DuckLake's."""
    if not keys:
        return ""
    command = parse_command(f"create table t partition by ({', '.join(keys)}) as select 1 as n")
    if not isinstance(command, CreateTable):
        raise RuntimeError(f"no partitions: {keys}")
    return partition_sql(command.partitions)


def _straight(lake: duckdb.DuckDBPyConnection, bucket_name: str, queries: list[Query]) -> float:
    place = f"data_path 's3://{bucket_name}/bench/', data_inlining_row_limit 0"
    lake.execute(f"attach 'ducklake::memory:' as lake ({place})")
    for layer in LAYERS:
        lake.execute(f"create schema lake.{layer}")
    seconds = 0.0
    for query in queries:
        sql = _translated(query.sql)
        began = time.perf_counter()
        if query.relation is None:
            lake.execute(f"select count(*) from ({sql})")
        else:
            _create(lake, _in_lake(query.relation), sql, query.partitions)
        seconds += time.perf_counter() - began
    return seconds


def _create(lake: duckdb.DuckDBPyConnection, table: str, sql: str, partitions: str) -> None:
    lake.execute("begin")
    lake.execute(f"create table {table} as select * from ({sql}) limit 0")
    if partitions:
        lake.execute(f"alter table {table} set partitioned by ({partitions})")
    lake.execute(f"insert into {table} {sql}")
    lake.execute("commit")


def _in_lake(relation: str) -> str:
    return "lake." + relation.replace('"', "").replace(".no_schema", "")


def _translated(sql: str) -> str:
    def resolve(path: tuple[str, ...], _: tuple[str, ...]) -> Relation:
        names = [part for part in path if part != "no_schema"]
        return Relation(".".join(["memory" if names[0] == "bronze" else "lake", *names]))

    return Translator(resolve, "lakehouse").query(sql, ()).sql


def _covered(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of the spans lies."""
    covered, until = 0.0, 0.0
    for begin, end in spans:
        covered += max(0.0, end - max(begin, until))
        until = max(until, end)
    return covered


def _seconds(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()
