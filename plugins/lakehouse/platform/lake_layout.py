"""Where everything lies in the lake's bucket: the only place that spells a path.

The paths are those of the specification's section 3. A key never starts with a slash; a folder
ends with one. Dates in keys are business dates, written `YYYY-MM-DD`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

BRONZE: Final = "bronze/"
LANDING: Final = f"{BRONZE}landing/"
QUARANTINE: Final = f"{BRONZE}quarantine/"
STREAM_BRONZE: Final = f"{BRONZE}stream/"
SILVER_CLEANED: Final = "silver/cleaned/"
SILVER_JOINED: Final = "silver/joined/"
MARTS: Final = "marts/"
GOLD: Final = "gold/"
HOT: Final = "hot/"
LOGS: Final = "logs/"

LAYER_FOLDERS: Final = {
    "bronze": BRONZE,
    "staging": SILVER_CLEANED,
    "intermediate": SILVER_JOINED,
    "marts": MARTS,
    "gold": GOLD,
    "hot": HOT,
}
"""The folder of each layer that Dremio sees as a source."""

PARTITION_COLUMN: Final = "date"
"""Name before the `=` of a bronze partition's folder; Dremio shows `date=<d>` as column `dir0`."""

_LANDING_KEY: Final = re.compile(rf"^{LANDING}source=(?P<source>[^/]+)/(?P<stream>[^/]+)/[^/]+\.parquet$")


_LANDING_NAME: Final = re.compile(r"/\d{4}_\d\d_\d\d_(?P<epoch>\d{13})_\d+\.parquet$")


@dataclass(frozen=True)
class LandingKey:
    """What the key of a landing object says about it."""

    source: str
    stream: str
    key: str


def landing_folder(source: str, stream: str | None = None) -> str:
    """The folder where Airbyte lands a source, or one stream of it."""
    folder = f"{LANDING}source={source}/"
    return folder if stream is None else f"{folder}{stream}/"


def parse_landing_key(key: str) -> LandingKey | None:
    """Read source and stream from a landing key; None for an object that is not a landing Parquet file."""
    match = _LANDING_KEY.match(key)
    return LandingKey(match["source"], match["stream"], key) if match else None


def landing_key_floor(source: str, stream: str, moment: datetime) -> str:
    """Every object of a sync that started at this moment (UTC) or later has a greater key.

    Airbyte's S3 destination names a file `<YYYY>_<MM>_<DD>_<epoch in ms>_<n>.parquet` by its sync's start.
    """
    milliseconds = int(moment.timestamp() * 1000)
    return f"{landing_folder(source, stream)}{moment.astimezone(UTC):%Y_%m_%d}_{milliseconds}"


def landing_key_moment(key: str) -> datetime | None:
    """When the sync that wrote a landing object started; None for a name that does not say."""
    match = _LANDING_NAME.search(key)
    return datetime.fromtimestamp(int(match["epoch"]) / 1000, UTC) if match else None


def bronze_folder(source: str, stream: str) -> str:
    """The folder of a stream's bronze partitions: what Dremio promotes to a dataset."""
    return f"{BRONZE}{source}/{stream}/"


def partition_folder_name(business_date: date) -> str:
    """The partition's folder name, `date=2025-10-16`, which is also its `dir0` in Dremio."""
    return f"{PARTITION_COLUMN}={business_date.isoformat()}"


def bronze_partition(source: str, stream: str, business_date: date) -> str:
    """The folder of one stream and business date."""
    return f"{bronze_folder(source, stream)}{partition_folder_name(business_date)}/"


def parse_partition_date(key: str, folder: str) -> date | None:
    """The business date of an object below `folder`, whose partitions it must be in; None for any other."""
    name = key.removeprefix(folder).partition("/")[0]
    column, _, text = name.partition("=")
    try:
        return date.fromisoformat(text) if key.startswith(folder) and column == PARTITION_COLUMN else None
    except ValueError:
        return None


def bronze_data_key(source: str, stream: str, business_date: date) -> str:
    """The partition's data file, as long as one is enough."""
    return f"{bronze_partition(source, stream, business_date)}data.parquet"


def bronze_part_key(
    source: str, stream: str, business_date: date, number: int | None = None, digest: str = ""
) -> str:
    """A partition's only data file, or one of several: `data-0001-<digest>.parquet`."""
    if number is None:
        return bronze_data_key(source, stream, business_date)
    return f"{bronze_partition(source, stream, business_date)}data-{number:04}-{digest}.parquet"


def bronze_manifest_key(source: str, stream: str, business_date: date) -> str:
    """What the partition holds. Dremio and Spark take names that begin with `_` for no data."""
    return f"{bronze_partition(source, stream, business_date)}_manifest.json"


def api_response_key(stream: str, moment: datetime) -> str:
    """The records that a sync brought from a REST endpoint, as JSON.

    Beside the folder of the stream's partitions, not in it: Dremio reads only Parquet there.
    """
    return f"{BRONZE}api/rest_{stream}/timestamp={moment:%Y%m%d_%H%M%S}/response.json"


def csv_import_key(batch: str) -> str:
    """A CSV file that was dropped for import: `batch_001.csv`."""
    return f"{BRONZE}files/csv_import/{batch}"


def quarantine_key(stream: str, business_date: date) -> str:
    """The file of a stream's rejected rows for a business date."""
    return f"{QUARANTINE}{stream}/{partition_folder_name(business_date)}/rows.parquet"


def stream_folder(stream: str, day: date | None = None) -> str:
    """The folder of a stream's micro-batches in bronze, or of those of one UTC day."""
    folder = f"{STREAM_BRONZE}{stream}/"
    return folder if day is None else f"{folder}{partition_folder_name(day)}/"


def stream_batch_key(stream: str, day: date, batch_id: int) -> str:
    """The rows of one micro-batch."""
    return f"{stream_folder(stream, day)}batch-{batch_id:012}.parquet"


def stream_joined_key(stream: str, day: date, first_batch: int, last_batch: int) -> str:
    """The rows of consecutive micro-batches, put into one file when their time was over."""
    return f"{stream_folder(stream, day)}batches-{first_batch:012}-{last_batch:012}.parquet"


def stream_rebuild_key(stream: str, table: int, part: int) -> str:
    """Rows on their way into a hot table that is being rebuilt; deleted once they are in it."""
    return f"{BRONZE}stream_rebuild/{stream}/{table}/rows-{part:06}.parquet"


def stream_quarantine_key(stream: str, day: date, batch_id: int) -> str:
    """The rejected rows of one micro-batch."""
    return f"{QUARANTINE}stream/{stream}/{partition_folder_name(day)}/batch-{batch_id:012}.parquet"


def log_folder(service: str, day: date | None = None) -> str:
    """The folder of a service's logs, or of one UTC day of them."""
    folder = f"{LOGS}{service}/"
    return folder if day is None else f"{folder}{partition_folder_name(day)}/"


def log_object_key(service: str, day: date, name: str) -> str:
    """An object with some lines of a service's log, as gzip JSON, one entry per line."""
    return f"{log_folder(service, day)}{name}.json.gz"


def engine_root_path(bucket: str, folder: str) -> str:
    """A folder as a Dremio S3 source spells its `rootPath`: `/datalake/silver/cleaned`."""
    return f"/{bucket}/{folder}".rstrip("/")
