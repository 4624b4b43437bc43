"""What a registered source says about where its data lies and how to reach it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported

CODECS = ("snappy", "zstd", "gzip", "lz4", "uncompressed")


WHOLE_STORE = "s3://"


@dataclass(frozen=True)
class ObjectStoreKey:
    """How DuckDB's httpfs reaches an object store: the fields of its S3 secret.

    Without a key its requests are not signed.
    """

    key_id: str
    secret: str
    endpoint: str
    use_ssl: bool
    path_style: bool
    region: str


@dataclass(frozen=True)
class PostgresAddress:
    """How postgres_scanner reaches a database; it is attached read only."""

    source: str
    host: str
    port: int
    database: str
    user: str
    password: str

    @property
    def dsn(self) -> str:
        """A libpq connection string."""
        parts = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "connect_timeout": 5,
            # DuckDB puts this whole string into its errors; there the name says which source it is.
            "application_name": f"source {self.source}",
        }
        return " ".join(f"{key}='{_escaped(str(value))}'" for key, value in parts.items())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


@dataclass(frozen=True)
class SourceStorage:
    """A source as the engine uses it: files under `root` (ends in "/"), or a database.

    The root of a whole object store is `s3://`: a path's first part below it is then a bucket, one of
    `buckets` if that names any.
    """

    name: str
    root: str
    compression: str = "snappy"
    key: ObjectStoreKey | None = None
    postgres: PostgresAddress | None = None
    buckets: tuple[str, ...] = ()

    @property
    def is_whole_store(self) -> bool:
        """Whether the parts of a path below it begin with a bucket."""
        return self.root == WHOLE_STORE

    @property
    def reach(self) -> list[str]:
        """The folders that may be read and written, "/" at the end."""
        if self.is_whole_store and self.buckets:
            return [f"{WHOLE_STORE}{bucket}/" for bucket in self.buckets]
        return [self.root] if self.root else []

    def check_bucket(self, below: tuple[str, ...]) -> None:
        """Raises InvalidStatement unless the parts of a path below the source name a bucket it may reach."""
        if not self.is_whole_store:
            return
        if not below:
            raise InvalidStatement(
                f"VALIDATION ERROR: Source [{self.name}] holds buckets: a path in it begins with one."
            )
        if self.buckets and below[0] not in self.buckets:
            raise InvalidStatement(
                f"VALIDATION ERROR: Bucket [{below[0]}] is not one of source [{self.name}]:"
                f" {', '.join(self.buckets)}."
            )


def storage_of(name: str, kind: str, config: dict[str, Any], nas_root: Path | None) -> SourceStorage:
    """Read a source's REST configuration. Raises EngineError that names what is missing or not supported."""
    if kind == "S3":
        return _s3(name, config)
    if kind == "NAS":
        return _nas(name, config, nas_root)
    if kind == "POSTGRES":
        return SourceStorage(name, "", postgres=_postgres(name, config))
    raise Unsupported(
        f"Source type [{kind}] is not supported by the embedded engine; it has S3, NAS and POSTGRES."
    )


def _properties(config: dict[str, Any]) -> dict[str, str]:
    found = {}
    for item in config.get("propertyList") or []:
        if not isinstance(item, dict) or "name" not in item:
            raise EngineError("config.propertyList must be a list of objects with name and value.")
        found[str(item["name"])] = str(item.get("value") or "")
    return found


def _compression(config: dict[str, Any]) -> str:
    codec = _properties(config).get("store.parquet.compression", "snappy").lower()
    if codec not in CODECS:
        raise EngineError(f"store.parquet.compression [{codec}] is not one of {', '.join(CODECS)}.")
    return codec


def _s3(name: str, config: dict[str, Any]) -> SourceStorage:
    properties = _properties(config)
    root = str(config.get("rootPath") or "/").strip("/")
    allowed = _buckets(config)
    if root and allowed and (bucket := root.split("/")[0]) not in allowed:
        raise EngineError(f"Source [{name}]: bucket [{bucket}] is not in whitelistedBuckets.")
    key_id, secret = _credentials(name, config)
    endpoint = properties.get("fs.s3a.endpoint", "s3.amazonaws.com")
    use_ssl = bool(config.get("secure", False))
    if "://" in endpoint:
        use_ssl, endpoint = endpoint.startswith("https"), urlsplit(endpoint).netloc
    key = ObjectStoreKey(
        key_id=key_id,
        secret=secret,
        endpoint=endpoint,
        use_ssl=use_ssl,
        path_style=properties.get("fs.s3a.path.style.access", "false").lower() == "true",
        region=properties.get("fs.s3a.endpoint.region", "us-east-1"),
    )
    if not root:
        return SourceStorage(name, WHOLE_STORE, _compression(config), key, buckets=allowed)
    return SourceStorage(name, f"s3://{root}/", _compression(config), key)


def _buckets(config: dict[str, Any]) -> tuple[str, ...]:
    """The buckets that a source is kept to; other accounts' buckets come to those of its own."""
    owned = list(config.get("whitelistedBuckets") or [])
    return tuple(dict.fromkeys(str(b) for b in [*owned, *(config.get("externalBucketList") or [])]))


def _credentials(name: str, config: dict[str, Any]) -> tuple[str, str]:
    """Key and secret; two empty texts for public buckets."""
    kind = config.get("credentialType") or "ACCESS_KEY"
    if kind == "NONE":
        return "", ""
    if kind != "ACCESS_KEY":
        raise Unsupported(
            f"Source [{name}]: only credentialType ACCESS_KEY and NONE are supported, not [{kind}]."
        )
    key_id, secret = str(config.get("accessKey") or ""), str(config.get("accessSecret") or "")
    if not key_id or not secret:
        raise EngineError(
            "Failure creating S3 connection. You must provide AWS Access Key and AWS Access Secret."
        )
    return key_id, secret


def _nas(name: str, config: dict[str, Any], nas_root: Path | None) -> SourceStorage:
    path = Path(str(config.get("path") or "")).resolve()
    if nas_root is None or not path.is_relative_to(nas_root.resolve()):
        raise EngineError(f"Source [{name}]: path is not under DREMIO_NAS_ROOT of the engine.")
    return SourceStorage(name, f"{path}/", _compression(config))


def _postgres(name: str, config: dict[str, Any]) -> PostgresAddress:
    for needed in ("hostname", "databaseName"):
        if not config.get(needed):
            raise EngineError(f"Source [{name}]: config.{needed} is required.")
    if config.get("authenticationType", "MASTER") != "MASTER":
        raise Unsupported(f"Source [{name}]: only authenticationType MASTER is supported.")
    if not str(config.get("port") or 5432).isdecimal():
        raise EngineError(f"Source [{name}]: port [{config['port']}] is not a number.")
    return PostgresAddress(
        source=name,
        host=str(config.get("hostname") or "127.0.0.1"),
        port=int(config.get("port") or 5432),
        database=str(config.get("databaseName") or "postgres"),
        user=str(config.get("username") or ""),
        password=str(config.get("password") or ""),
    )
