"""Superset's own configuration, the same file for the embedded platform and for the Docker image.

Superset imports it (``SUPERSET_CONFIG_PATH``) into its own environment, so it imports nothing of this
repository. Everything that differs between deployments comes from the environment:

``SUPERSET_SECRET_KEY``
    Signs sessions and tokens and encrypts database passwords in the metadata. Losing it loses them.
``SUPERSET_DATABASE_URI``
    SQLAlchemy address of the metadata database, PostgreSQL: SQLite carries a UNIQUE(table_name) that
    refuses two datasets of one name in two schemas.
``SUPERSET_CACHE_DIR``
    Folder of the query caches; shared by all workers of one host and kept over restarts.

Raises KeyError, naming the variable, when one is missing: a Superset on default secrets must not start.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_DATABASE_URI"]
SQLALCHEMY_TRACK_MODIFICATIONS = False

APP_NAME = "Lakehouse"

# --- caches ---------------------------------------------------------------------------------------
# The night fills the cache once a day; it must outlive a late night, so that users never meet a cold
# dashboard between one night's expiry and the next one's warm-up.
_CACHE_SECONDS = int(timedelta(hours=36).total_seconds())
_CACHE_DIR = Path(os.environ["SUPERSET_CACHE_DIR"])


def _file_cache(name: str, seconds: int, prefix: str) -> dict[str, Any]:
    """A cache of files in its own folder; mode 0600 because query results are in it."""
    return {
        "CACHE_TYPE": "FileSystemCache",
        "CACHE_DIR": str(_CACHE_DIR / name),
        "CACHE_DEFAULT_TIMEOUT": seconds,
        "CACHE_KEY_PREFIX": prefix,
        # cachelib deletes entries at random beyond the threshold: far above what one platform holds.
        "CACHE_THRESHOLD": 20_000,
        "CACHE_OPTIONS": {"mode": 0o600},
    }


# The same store and prefix twice: POST cachekey/invalidate clears CACHE_CONFIG's store only, while query
# results are in DATA_CACHE_CONFIG's.
DATA_CACHE_CONFIG = _file_cache("data", _CACHE_SECONDS, "lakehouse_")
CACHE_CONFIG = DATA_CACHE_CONFIG
FILTER_STATE_CACHE_CONFIG = _file_cache("filter_state", int(timedelta(days=90).total_seconds()), "filter_")
EXPLORE_FORM_DATA_CACHE_CONFIG = _file_cache("form_data", int(timedelta(days=7).total_seconds()), "form_")
# Invalidation finds the keys of a dataset in the metadata database; without this it finds none.
STORE_CACHE_KEYS_IN_METADATA_DB = True

# --- what users can do ------------------------------------------------------------------------------
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": True,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ALERT_REPORTS": False,
    "TAGGING_SYSTEM": False,
}
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
# The specification gives a dashboard five seconds; a query that needs a minute is a fault, not a wait.
SUPERSET_WEBSERVER_TIMEOUT = 60

# --- hardening that needs no TLS ----------------------------------------------------------------------
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
PREVENT_UNSAFE_DB_CONNECTIONS = True
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Talisman forces https, which neither 127.0.0.1 nor a container behind a TLS proxy speaks; its headers
# that need no TLS are set here.
TALISMAN_ENABLED = False
CONTENT_SECURITY_POLICY_WARNING = False
OVERRIDE_HTTP_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
