"""The process that sends logs to Elasticsearch and to the lake: `lakehouse.observe.logs.shipper`."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.settings import ROOT, Settings
from embedded.stack.service import OBSERVER_NICE, NotReadyError, Program, Service

SILENT_SECONDS = 60.0
"""It writes its status every few seconds; on a busy machine that takes longer."""


def log_shipper(
    settings: Settings, secret: Mapping[str, str], user_values: Callable[[], Mapping[str, str]]
) -> Service:
    """Started only when it is asked for."""
    folder = settings.service_dir("log_shipper")
    environment = {
        "AIRFLOW_HOME": str(settings.service_dir("airflow")),
        # All of the platform's passwords and keys: what it knows it takes out of the logs.
        **secret,
        "LAKEHOUSE_LOGS_AIRFLOW": str(settings.service_dir("airflow") / "logs"),
        "LAKEHOUSE_LOGS_SERVICES": str(settings.logs_dir),
        "LAKEHOUSE_SHIPPER_DIR": str(folder),
        "PYTHONPATH": str(ROOT / "plugins"),
    }
    command = (str(settings.python("airflow")), "-m", "lakehouse.observe.logs.shipper")
    return Service(
        name="log_shipper",
        title="Log shipper",
        address="",
        ports=(),
        programs=(
            Program(
                "log_shipper",
                command,
                lambda: {**user_values(), **environment},
                stop_seconds=30,
                nice=OBSERVER_NICE,
            ),
        ),
        needs=("elasticsearch", "object_store"),
        check=lambda: _check(folder / "status.json"),
        start_seconds=120,
        optional=True,
    )


def _check(status: Path) -> None:
    """Raises NotReadyError unless the shipper has told how far it is within the last minute."""
    try:
        age = time.time() - status.stat().st_mtime
    except OSError:
        raise NotReadyError("it has not started to read yet") from None
    if age > SILENT_SECONDS:
        raise NotReadyError(f"it says nothing since {age:.0f} s")
