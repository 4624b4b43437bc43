"""A task finds a connection that only Airflow's database has, and fails at once when nobody has it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.waiting import wait_until

pytestmark = pytest.mark.night

DAG = "look_for_connections"
SOURCE = f'''
"""Looks for two connections."""

from airflow.sdk import dag, task

from lakehouse.dremio.hook import DremioHook
from lakehouse.platform.retry_policy import RETRY_POLICY


@dag(schedule=None)
def {DAG}():
    @task(retries=3, retry_delay=600, retry_policy=RETRY_POLICY)
    def look_for(conn_id):
        print("base url", DremioHook(conn_id).get_conn().base_url)

    look_for.override(task_id="there")("added_by_hand")
    look_for.override(task_id="not_there")("nowhere")


{DAG}()
'''


@pytest.fixture
def dag(platform: CheckoutPlatform) -> Iterator[None]:
    """The DAG, until the test is over."""
    path = platform.home / "dags" / f"{DAG}.py"
    path.write_text(SOURCE)
    yield
    path.unlink()


@pytest.mark.usefixtures("first_night", "dag")
def test_a_connection_of_airflows_database_is_found_and_a_missing_one_is_not_waited_for(
    platform: CheckoutPlatform,
) -> None:
    uri = "http://me:secret@dremio.example.com:9047"
    added = platform.run("bin/airflow", "connections", "add", "added_by_hand", "--conn-uri", uri)
    assert added.exit_code == 0, added.output
    wait_until(lambda: triggered(platform).exit_code == 0, "Airflow has seen the DAG", 120)
    wait_until(lambda: states(platform).get("not_there") == "failed", "the task has failed, once", 120)
    assert states(platform) == {"there": "success", "not_there": "failed"}
    [log] = (platform.home / ".local/state/airflow/logs").glob(f"dag_id={DAG}/*/task_id=not_there/*.log")
    assert "Airflow has no connection 'nowhere', and airflow_settings.yaml declares none" in log.read_text()


def triggered(platform: CheckoutPlatform) -> CommandResult:
    return platform.run("bin/airflow", "dags", "trigger", DAG, "--run-id", "once")


def states(platform: CheckoutPlatform) -> dict[str, str]:
    listed = platform.run("bin/airflow", "tasks", "states-for-dag-run", DAG, "once", "-o", "json")
    assert listed.exit_code == 0, listed.output
    found = json.loads(listed.output[listed.output.index("[{") :])
    return {each["task_id"]: each["state"] for each in found}
