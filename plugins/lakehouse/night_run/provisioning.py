"""Running `provision_platform` to its end: what a night needs before it can start."""

from __future__ import annotations

import time
from typing import Final

from lakehouse.night_run.summary import failures_in_logs, log_file
from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.errors import PermanentError

PROVISION: Final = "provision_platform"
PROVISION_SECONDS: Final = 600.0
POLL_SECONDS: Final = 0.25
"""Provisioning takes seconds, and the whole night waits for it."""


class ProvisioningFailedError(PermanentError):
    """The platform could not be provisioned; the message names each failed task."""


def provision(api: AirflowApi) -> float:
    """Run it and wait; how many seconds it took.

    Raises:
        AirflowApiError: Airflow does not answer or refuses.
        ProvisioningFailedError: it failed, or took too long.
    """
    api.unpause(PROVISION)
    run = api.trigger(PROVISION)
    began = time.monotonic()
    while not run.has_ended:
        if time.monotonic() - began > PROVISION_SECONDS:
            raise ProvisioningFailedError(f"{PROVISION} has not ended: {api.run_page(run)}")
        time.sleep(POLL_SECONDS)
        run = api.run(run.dag_id, run.run_id)
    if run.state != "success":
        told = "".join(
            f"\n  {failure.task}: {failure.error}\n  log: {log_file(failure.log or '')}"
            for failure in failures_in_logs(api, run)
        )
        raise ProvisioningFailedError(f"{PROVISION} failed{told}\n  page: {api.run_page(run)}")
    return time.monotonic() - began
