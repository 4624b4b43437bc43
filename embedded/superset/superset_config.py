"""Superset's own configuration, the same file for the embedded platform and for the Docker image.

Superset imports it (``SUPERSET_CONFIG_PATH``) in its own environment, so it imports nothing from this
repository but the package ``lakehouse_superset`` beside it. Everything that differs between deployments
comes from environment variables:

``SUPERSET_SECRET_KEY``
    Signs sessions and tokens, and encrypts the database passwords in the metadata: without it, they are lost.
``SUPERSET_DATABASE_URI``
    SQLAlchemy URL of the metadata database. It must be PostgreSQL: in SQLite, Superset has a
    UNIQUE(table_name) that refuses two datasets with the same name in different schemas.
``SUPERSET_CACHE_DIR``
    Folder of the query caches, shared by all workers on a host and kept across restarts.

Raises KeyError, naming the variable, if one is missing: Superset must not start with default secrets.
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

# Last, so that nothing beside this file comes before what is installed.
sys.path.append(str(Path(__file__).resolve().parent))

from lakehouse_superset.cache_keys import leave_out_live_keys
from lakehouse_superset.event_log import LiveEventLogger

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
SQLALCHEMY_TRACK_MODIFICATIONS = False

APP_NAME = "Lakehouse"

# --- caches ---------------------------------------------------------------------------------------
# The night fills the cache once a day. Entries must outlive a late night, so that users never see a cold
# dashboard between the expiry of one night's entries and the next warm-up.
_CACHE_SECONDS = int(timedelta(hours=36).total_seconds())
_CACHE_DIR = Path(os.environ["SUPERSET_CACHE_DIR"])


def _file_cache(name: str, seconds: int, prefix: str) -> dict[str, Any]:
    """A file cache in its own folder; mode 0600, because it contains query results."""
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(_CACHE_DIR / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_KEY_PREFIX": prefix,
        # Above the threshold cachelib deletes entries at random; one platform stays far below it.
        "CACHE_THRESHOLD": 20_000,
        "CACHE_OPTIONS": {"mode": 0o600},
    }


# Both use the same store and prefix: POST cachekey/invalidate clears only CACHE_CONFIG's store, but query
# results are in DATA_CACHE_CONFIG's.
CACHE_CONFIG = _file_cache("data", _CACHE_SECONDS, "lakehouse_")
DATA_CACHE_CONFIG = CACHE_CONFIG | {"CACHE_TYPE": "lakehouse_superset.single_flight.SingleFlightCache"}
FILTER_STATE_CACHE_CONFIG = _file_cache("filter_state", int(timedelta(days=90).total_seconds()), "filter_")
EXPLORE_FORM_DATA_CACHE_CONFIG = _file_cache("form_data", int(timedelta(days=7).total_seconds()), "form_")
# Invalidation finds the keys of a dataset in the metadata database; without this it finds none.
STORE_CACHE_KEYS_IN_METADATA_DB = True
FLASK_APP_MUTATOR = leave_out_live_keys

# --- dashboards that refresh themselves -------------------------------------------------------------
# "force", Superset's default, computes every chart again for every reader at every tick. "fetch" asks as any
# reader does: the cache answers, and a live chart's cache_timeout (3 s) says how old an answer may be.
DASHBOARD_AUTO_REFRESH_MODE = "fetch"
DASHBOARD_AUTO_REFRESH_INTERVALS = [
    [0, "Don't refresh"],
    [5, "5 seconds"],
    [10, "10 seconds"],
    [30, "30 seconds"],
    [60, "1 minute"],
    [300, "5 minutes"],
    [1800, "30 minutes"],
    [3600, "1 hour"],
]
EVENT_LOGGER = LiveEventLogger()

# --- what users can do ------------------------------------------------------------------------------
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ALERT_REPORTS": False,
    "TAGGING_SYSTEM": False,
}
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
# The specification allows a dashboard five seconds; a query that takes a minute is broken, not slow.
SUPERSET_WEBSERVER_TIMEOUT = 60

# --- hardening that needs no TLS ----------------------------------------------------------------------
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
PREVENT_UNSAFE_DB_CONNECTIONS = True
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Talisman forces https, but neither 127.0.0.1 nor a container behind a TLS proxy uses it. Its headers that
# work without TLS are set here.
TALISMAN_ENABLED = False
CONTENT_SECURITY_POLICY_WARNING = False
OVERRIDE_HTTP_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
