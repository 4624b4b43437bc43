"""Swift's files: hash salt, rings and the configuration of its five processes."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.object_store import info_cache
from embedded.settings import HOST, ROOT, Settings
from embedded.stack.service import PreparationError

S3_ACCESS_KEY = "lake:admin"
"""Swift's tempauth spells an access key <account>:<user>."""

BUCKET = "datalake"
REGION = "us-east-1"

DEVICE = "disk"
"""The folder that stands in for a disk; the rings use the same name."""

STORES = ("account", "container", "object")

PROXY = """\
[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
swift_dir = {folder}
user = {user}
log_level = WARNING

[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth bulk slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 10
node_timeout = 60
recoverable_node_timeout = 60
# There is only one disk: after an error there is no other copy to use, so it is never suspended.
error_suppression_limit = 1000000

[filter:cache]
paste.filter_factory = {cache}

[filter:s3api]
use = egg:swift#s3api
location = {region}
s3_acl = false
check_bucket_owner = false

[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{name} = {secret} .admin

[filter:slo]
use = egg:swift#slo
# Deleting a multipart object deletes its parts before it answers, so none is orphaned.
allow_async_delete = false

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:dlo]
use = egg:swift#dlo
"""

STORE = """\
[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
swift_dir = {folder}
devices = {folder}/devices
user = {user}
mount_check = false
disable_fallocate = true
log_level = WARNING

[pipeline:main]
pipeline = healthcheck {store}-server

[filter:healthcheck]
use = egg:swift#healthcheck

[app:{store}-server]
use = egg:swift#{store}
conn_timeout = 10
node_timeout = 60
# Wait for the listing: the next LIST must show every PUT that was answered.
container_update_timeout = 30
"""

UPDATER = """
[object-updater]
# Catches up within seconds on listings that were missed while the container server was down.
interval = 5
concurrency = 1
recon_cache_path = {folder}
"""


@dataclass(frozen=True)
class Layout:
    """Where one Swift instance is stored, and how it is reached."""

    folder: Path
    proxy_port: int
    store_ports: Mapping[str, int]

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        return cls(
            folder=settings.service_dir("object_store"),
            proxy_port=settings.port("S3"),
            store_ports={store: settings.port(f"SWIFT_{store.upper()}") for store in STORES},
        )

    def configuration(self, server: str) -> Path:
        return self.folder / f"{server}-server.conf"

    def write(self, access_key: str, secret: Mapping[str, str]) -> None:
        """Everything Swift reads. Safe to repeat; the ports may have moved since the last time."""
        (self.folder / "devices" / DEVICE).mkdir(parents=True, exist_ok=True)
        salt = "[swift-hash]\nswift_hash_path_prefix = {SWIFT_HASH_PREFIX}\n"
        salt += "swift_hash_path_suffix = {SWIFT_HASH_SUFFIX}\n"
        self._write(self.folder / "swift.conf", salt.format_map(secret))
        account, _, name = access_key.partition(":")
        shared = {"host": HOST, "folder": self.folder, "user": pwd.getpwuid(os.getuid()).pw_name}
        proxy = PROXY.format(
            **shared,
            port=self.proxy_port,
            region=REGION,
            cache=info_cache.NAME,
            account=account,
            name=name,
            secret=secret["LAKE_S3_SECRET_KEY"],
        )
        self._write(self.configuration("proxy"), proxy)
        for store, port in self.store_ports.items():
            text = STORE.format(**shared, store=store, port=port)
            text += UPDATER.format(**shared) if store == "object" else ""
            self._write(self.configuration(store), text)
        self._write_rings()

    def _write_rings(self) -> None:
        """Raises PreparationError."""
        wanted = [f"{store}={port}" for store, port in self.store_ports.items()]
        made_for = self.folder / "rings.made"
        if made_for.exists() and made_for.read_text().split() == wanted:
            return
        command = [sys.executable, "-m", "embedded.object_store.rings", str(self.folder), *wanted]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PreparationError(f"cannot build Swift's rings: {done.stderr.strip()}")
        made_for.write_text("\n".join(wanted))

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text)
