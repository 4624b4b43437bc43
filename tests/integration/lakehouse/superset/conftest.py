"""Superset as the platform runs it, on the embedded engine with a small gold layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.sources import LakeAccess, load_sources, provision
from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import AssetsBundle, read_bundle
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.import_assets import import_assets
from testing.embedded_platform import EmbeddedPlatform

SLUG = "customer-analytics"

GOLD = {
    "orders": """
        select cast(n as bigint) as order_id, cast(n % 7 as bigint) as customer_id,
            cast(n % 3 as bigint) as product_id,
            cast('2025-10-01' as date) + cast(n % 16 as int) as order_date, cast(1 as int) as quantity,
            cast(n * 10 as decimal(12, 2)) as amount,
            case when n % 4 = 0 then 'pending' else 'completed' end as status,
            case when n % 3 = 0 then 'Atlas' else 'Novel' end as product_name,
            case when n % 2 = 0 then 'Books' else 'Toys' end as category,
            'delivered' as shipment_status, cast('2025-10-16 00:00:00' as timestamp) as created_at,
            cast('2025-10-16 00:00:00' as timestamp) as updated_at
        from ({numbers}) as numbers""",
    "daily_revenue": """
        select order_date, count(*) as orders_count, cast(sum(amount) as decimal(14, 2)) as daily_revenue,
            cast(avg(amount) as decimal(14, 2)) as average_order_value
        from gold.orders where status = 'completed' group by order_date""",
    "customer_metrics": """
        select customer_id, 'CUSTOMER' as customer_name, 'c@example.com' as email, count(*) as total_orders,
            cast(sum(amount) as decimal(14, 2)) as lifetime_value,
            cast(avg(amount) as decimal(14, 2)) as average_order_value, min(order_date) as first_order_date,
            max(order_date) as last_order_date, cast(3 as bigint) as customer_lifespan_days,
            cast('2025-10-16' as date) as snapshot
        from gold.orders where status = 'completed' group by customer_id""",
}
"""The columns of the gold models that the dashboard reads, in the order they build on each other."""


@dataclass(frozen=True)
class Platform:
    """A running platform: its variables, and ways into its services."""

    wire: Mapping[str, str]
    dremio: DremioClient

    @property
    def lake_uri(self) -> str:
        """The engine's address, as an Airflow connection would give it."""
        wire = self.wire
        login = f"{wire['DREMIO_USER']}:{wire['DREMIO_PASSWORD']}"
        return (
            f"dremio+flight://{login}@{wire['DREMIO_HOST']}:{wire['DREMIO_FLIGHT_PORT']}/?UseEncryption=false"
        )

    def superset(self, **other: str) -> SupersetClient:
        wire = self.wire
        default = {
            "base_url": wire["SUPERSET_URL"],
            "username": wire["SUPERSET_USER"],
            "password": wire["SUPERSET_PASSWORD"],
        }
        return SupersetClient(**(default | other))

    def build_gold(self, *tables: str) -> None:
        numbers = " union all ".join(f"select {n} as n" for n in range(1, 61))
        for table in tables or GOLD:
            self.dremio.run(f"drop table if exists gold.{table}")
            self.dremio.run(f"create table gold.{table} as {GOLD[table].format(numbers=numbers)}")


@pytest.fixture(scope="session")
def platform(embedded_platform: EmbeddedPlatform) -> Platform:
    """The platform that all folders share, with Superset and this folder's own gold."""
    embedded_platform.up("postgres", "object_store", "dremio", "superset")
    wire = embedded_platform.wire
    dremio_url = f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}"
    made = Platform(wire, DremioClient(dremio_url, wire["DREMIO_USER"], wire["DREMIO_PASSWORD"]))
    _provision(made)
    made.build_gold()
    return made


@pytest.fixture(scope="session")
def lake_uri(platform: Platform) -> str:
    return platform.lake_uri


@pytest.fixture(scope="session")
def connect(platform: Platform) -> Callable[..., SupersetClient]:
    """Makes a client of its own; keyword arguments replace those of the platform's administrator."""
    return platform.superset


@pytest.fixture(scope="session")
def secret_key(platform: Platform) -> str:
    """What this Superset signs its tokens with."""
    lines = (Path(platform.wire["LAKEHOUSE_STATE_DIR"]) / "secrets.env").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith("SUPERSET_SECRET_KEY="))


@pytest.fixture
def bundle() -> AssetsBundle:
    return read_bundle(INCLUDE / "superset")


@pytest.fixture
def chart_names(bundle: AssetsBundle) -> set[str]:
    """Of the charts on Customer Analytics, by the files."""
    (board,) = [each for each in bundle.dashboards if each.slug == SLUG]
    charts = bundle.of_kind("charts").values()
    return {each["slice_name"] for each in charts if each["uuid"] in board.chart_uuids}


@pytest.fixture
def client(platform: Platform) -> Iterator[SupersetClient]:
    with platform.superset() as made:
        yield made


@pytest.fixture
def dashboard(client: SupersetClient, bundle: AssetsBundle, platform: Platform) -> str:
    """Slug of the imported dashboard."""
    import_assets(client, bundle, platform.lake_uri)
    return SLUG


@pytest.fixture
def gold(platform: Platform) -> Iterator[Callable[[str], None]]:
    """A way to drop gold tables, which are built again afterwards."""
    dropped: list[str] = []

    def drop(table: str) -> None:
        platform.dremio.run(f"drop table gold.{table}")
        dropped.append(table)

    yield drop
    # In the order in which they build on each other.
    platform.build_gold(*(table for table in GOLD if table in dropped))


def _provision(platform: Platform) -> None:
    """The bucket and the lake's sources, as the DAG provision_platform makes them."""
    wire = platform.wire
    keys = (wire["LAKE_S3_ENDPOINT"], wire["LAKE_S3_ACCESS_KEY"], wire["LAKE_S3_SECRET_KEY"])
    objects = boto3.client(
        "s3",
        endpoint_url=keys[0],
        aws_access_key_id=keys[1],
        aws_secret_access_key=keys[2],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    if wire["LAKE_S3_BUCKET"] not in {each["Name"] for each in objects.list_buckets()["Buckets"]}:
        objects.create_bucket(Bucket=wire["LAKE_S3_BUCKET"])
    provision(platform.dremio, load_sources(), LakeAccess(*keys, wire["LAKE_S3_BUCKET"]))
