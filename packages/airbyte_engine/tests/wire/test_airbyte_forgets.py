"""Old jobs of a connection that syncs every few seconds do not pile up; younger and newer ones stay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.wire.conftest import Landing

from testing.ingestion_stack import AirbyteServer
from testing.waiting import wait_until

Query = Callable[..., list[tuple[Any, ...]]]
KEPT = 1000


def test_ended_jobs_beyond_the_newest_thousand_go_after_a_day_with_their_logs(
    airbyte: AirbyteServer, landing: Landing, platform_query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    other = airbyte.add_connection("shop_postgres_to_lake", f"{landing.folder}/other")
    insert = (
        "insert into airbyte.jobs (connection_id, job_type, status, ended_at)"
        " select %s, 'sync', 'succeeded', now() - interval '2 days' from generate_series(1, %s)"
        " returning job_id"
    )
    [(others,)] = platform_query(insert, (other, 1))
    jobs = sorted(job for (job,) in platform_query(insert, (connection, KEPT + 10)))
    platform_query(
        "insert into airbyte.attempts (job_id, attempt_number, status) values (%s, 0, 'succeeded')"
        " returning job_id",
        (jobs[1],),
    )
    platform_query(
        "insert into airbyte.files (s3_key, job_id, attempt_number, stream, committed)"
        " values ('k', %s, 0, 'orders', true) returning job_id",
        (jobs[1],),
    )
    platform_query("update airbyte.jobs set ended_at = now() where job_id = %s returning 1", (jobs[0],))
    folder = Path(airbyte.environ["AIRBYTE_WORKSPACE_ROOT"]) / "jobs" / str(jobs[1])
    folder.mkdir(parents=True)
    (folder / "attempt-0.log").write_text("old")
    next_round = (max(jobs) // 50 + 1) * 50
    platform_query("select setval(pg_get_serial_sequence('airbyte.jobs', 'job_id'), %s)", (next_round - 1,))
    job = airbyte.sync(connection)
    assert (job["jobId"], job["status"]) == (next_round, "succeeded")

    def held() -> list[int]:
        found = platform_query("select job_id from airbyte.jobs where connection_id = %s", (connection,))
        return sorted(each for (each,) in found)

    wait_until(lambda: len(held()) <= KEPT + 1, "the old jobs are forgotten", 30)
    assert held() == [jobs[0], *jobs[11:], next_round], "one that ended today stays, and the newest thousand"
    assert platform_query("select count(*) from airbyte.attempts where job_id = %s", (jobs[1],)) == [(0,)]
    assert platform_query("select job_id from airbyte.jobs where connection_id = %s", (other,)) == [(others,)]
    wait_until(lambda: not folder.exists(), "their logs are gone", 30)
    assert airbyte.status_of("GET", f"/jobs/{jobs[1]}") == 404
    assert airbyte.sync(connection)["status"] == "succeeded"
