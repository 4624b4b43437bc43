"""The Job API, logins and tokens, and what of jobs survives a restart."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx
import psutil
import pytest

from testing.engine_on_the_wire import Client, EngineProcess

PASSWORD = "an0ther-secret"
DIGITS = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
# Columns as docs.dremio.com lists them.
RECENT_COLUMNS = [
    "job_id", "status", "query_type", "user_name", "queried_datasets", "scanned_datasets",
    "attempt_count", "submitted_ts", "attempt_started_ts", "metadata_retrieval_ts",
    "planning_start_ts", "query_enqueued_ts", "engine_start_ts", "execution_planning_ts",
    "execution_start_ts", "final_state_ts", "submitted_epoch_millis", "attempt_started_epoch_millis",
    "metadata_retrieval_epoch_millis", "planning_start_epoch_millis", "query_enqueued_epoch_millis",
    "engine_start_epoch_millis", "execution_planning_epoch_millis", "execution_start_epoch_millis",
    "final_state_epoch_millis", "planner_estimated_cost", "rows_scanned", "bytes_scanned",
    "rows_returned", "bytes_returned", "accelerated", "queue_name", "engine", "error_msg", "query",
    "is_profile_incomplete", "execution_allocated_bytes", "execution_cpu_time_millis", "query_cost",
    "memory_allocated", "setup_time_ns", "wait_time_ns", "execution_cpu_time_ns", "context",
    "rule_name", "rule_content", "rule_action",
]  # fmt: skip


@pytest.fixture(scope="module")
def jobs_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that keeps results for three seconds, with a source on disk and a second user."""
    process = EngineProcess(tmp_path_factory.mktemp("jobs"))
    process.start(DREMIO_RESULT_SECONDS="3")
    client = process.client()
    config = {"path": f"{process.state}/nas"}
    source = {"entityType": "source", "type": "NAS", "name": "disk", "config": config}
    assert client.create(source).status_code == 200
    client.sql(f"create table disk.n as select * from {DIGITS} t(n)")
    assert client.http.post("/api/v3/user", json={"name": "bob", "password": PASSWORD}).status_code == 200
    yield process
    process.stop()


@pytest.fixture
def client(jobs_engine: EngineProcess) -> Client:
    return jobs_engine.client()


def endless() -> str:
    joins = " ".join(f"cross join disk.n t{i}" for i in range(11))
    return f"select sum(t0.n * t10.n % 7) as s from disk.n {joins}"


def test_a_completed_job_has_every_documented_field(client: Client) -> None:
    job = client.submit("select n from disk.n")
    found = client.wait(job)
    assert set(found) == {
        "jobState", "rowCount", "errorMessage", "startedAt", "endedAt", "acceleration", "queryType",
        "queueName", "queueId", "resourceSchedulingStartedAt", "resourceSchedulingEndedAt",
        "cancellationReason",
    }  # fmt: skip
    assert (found["jobState"], found["rowCount"], found["errorMessage"]) == ("COMPLETED", 10, "")
    assert (found["queryType"], found["cancellationReason"]) == ("REST", "")
    assert found["acceleration"] == {"reflectionRelationships": []}
    moments = [
        datetime.fromisoformat(found[name])
        for name in ("startedAt", "resourceSchedulingStartedAt", "resourceSchedulingEndedAt", "endedAt")
    ]
    assert moments == sorted(moments)


def test_failed_and_cancelled_jobs_say_why_in_the_right_field(client: Client) -> None:
    failed = client.wait(client.submit("select nothing from disk.n"))
    assert failed["jobState"] == "FAILED"
    assert "nothing" in failed["errorMessage"]
    assert failed["cancellationReason"] == ""
    job = client.submit(endless())
    assert client.http.get(f"/api/v3/job/{job}").json()["jobState"] == "RUNNING"
    for _ in range(3):
        assert client.http.post(f"/api/v3/job/{job}/cancel", json=None).status_code == 200
    cancelled = client.wait(job, 10)
    assert (cancelled["jobState"], cancelled["errorMessage"]) == ("CANCELED", "")
    assert cancelled["cancellationReason"] == "Query cancelled by user 'lakehouse'"
    assert client.http.post(f"/api/v3/job/{job}/cancel").status_code == 200
    assert client.http.get(f"/api/v3/job/{job}").json() == cancelled
    answer = client.http.get(f"/api/v3/job/{job}/results")
    assert answer.status_code == 400
    assert answer.json()["errorMessage"] == "Can not fetch details for a job that is in [CANCELED] state."


def test_cancelling_a_finished_job_changes_nothing(client: Client) -> None:
    job = client.submit("select 1 as a")
    before = client.wait(job)
    assert client.http.post(f"/api/v3/job/{job}/cancel").status_code == 200
    assert client.http.get(f"/api/v3/job/{job}").json() == before


@pytest.mark.parametrize("page", [{"limit": 501}, {"limit": -1}, {"offset": -1}, {"limit": "many"}])
def test_pages_have_bounds(client: Client, page: dict[str, str]) -> None:
    job = client.submit("select n from disk.n")
    client.wait(job)
    answer = client.http.get(f"/api/v3/job/{job}/results", params=page)
    assert answer.status_code == 400
    assert answer.json()["errorMessage"]


def test_pages_default_to_100_rows_and_end_empty(client: Client) -> None:
    job = client.submit("select a.n from disk.n a, disk.n b, disk.n c")
    assert client.wait(job)["rowCount"] == 1000
    url = f"/api/v3/job/{job}/results"
    pages: list[dict[str, int]] = [{}, {"limit": 500}, {"limit": 0}, {"offset": 950}, {"offset": 1000}]
    sizes = [len(client.http.get(url, params=p).json()["rows"]) for p in pages]
    assert sizes == [100, 500, 0, 50, 0]


def test_results_expire_and_say_so(client: Client) -> None:
    job = client.submit("select 1 as a")
    client.wait(job)
    assert client.http.get(f"/api/v3/job/{job}/results").status_code == 200
    deadline = time.monotonic() + 15
    while (answer := client.http.get(f"/api/v3/job/{job}/results")).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert answer.status_code == 400
    assert "have expired" in answer.json()["errorMessage"]
    assert client.http.get(f"/api/v3/job/{job}").json()["rowCount"] == 1


def test_another_users_job_is_not_there(jobs_engine: EngineProcess, client: Client) -> None:
    bob = Client(jobs_engine.url, "bob", PASSWORD)
    job = client.submit("select 1 as a")
    client.wait(job)
    for method, path in (("GET", ""), ("GET", "/results"), ("POST", "/cancel")):
        answer = bob.http.request(method, f"/api/v3/job/{job}{path}")
        assert answer.status_code == 404
        assert answer.json()["errorMessage"] == f"Could not find a job with id [{job}]"
    assert bob.http.get(f"/apiv2/profiles/{job}.json").status_code == 404


@pytest.mark.parametrize("url", ["/apiv2/profiles/{}.json", "/apiv2/queryProfile/{}/JobProfile"])
def test_a_profile_tells_the_phases_and_what_was_read(client: Client, url: str) -> None:
    job = client.submit("select count(*) as c from disk.n where n > 3", ["disk"])
    client.wait(job)
    found = client.http.get(url.format(job)).json()
    assert [phase["phase"] for phase in found["phases"]] == [
        "PENDING", "QUEUED", "PLANNING", "RUNNING", "COMPLETED"
    ]  # fmt: skip
    assert all(phase["durationMillis"] >= 0 for phase in found["phases"])
    assert (found["datasets"], found["context"], found["user"]) == (["disk.n"], ["disk"], "lakehouse")
    assert found["reflections"] == {"considered": [], "matched": [], "chosen": []}
    assert (found["rowsReturned"], found["accelerated"]) == (1, False)


def test_sys_jobs_shows_what_runs_and_sys_jobs_recent_what_ran(client: Client) -> None:
    job = client.submit(endless())
    try:
        client.http.get(f"/api/v3/job/{job}")
        (row,) = client.sql(f"select * from sys.jobs where job_id = '{job}'")
        assert (row["status"], row["user_name"], row["is_profile_incomplete"]) == (
            "RUNNING",
            "lakehouse",
            True,
        )
        assert row["execution_start_epoch_millis"] >= row["submitted_epoch_millis"] > 0
        assert row["final_state_ts"].startswith("1970-01-01")
        assert list(row) == [name for name in RECENT_COLUMNS if name not in RECENT_COLUMNS[38:44]]
    finally:
        client.http.post(f"/api/v3/job/{job}/cancel")
    client.wait(job, 10)
    assert client.sql(f"select * from sys.jobs where job_id = '{job}'") == []
    (row,) = client.sql(f"select * from sys.jobs_recent where job_id = '{job}'")
    assert list(row) == RECENT_COLUMNS
    assert (row["status"], row["query"], row["queue_name"]) == ("CANCELED", endless(), "LARGE")


def test_login_has_dremios_shape_and_logout_ends_the_token(jobs_engine: EngineProcess) -> None:
    body = {"userName": "bob", "password": PASSWORD, "unknown": 1}
    login = httpx.post(f"{jobs_engine.url}/apiv2/login", json=body).json()
    assert {
        "token", "userName", "firstName", "lastName", "expires", "email", "userId", "admin", "clusterId",
        "version", "permissions",
    } <= set(login)  # fmt: skip
    assert 29 * 3600 < login["expires"] / 1000 - time.time() <= 30 * 3600
    with httpx.Client(base_url=jobs_engine.url) as http:
        http.headers["Authorization"] = f"_dremio{login['token']}"
        assert http.get("/apiv2/login").json() is True
        found = http.get("/api/v3/user/by-name/bob").json()
        assert found["id"] == login["userId"]
        assert http.get(f"/api/v3/user/{found['id']}").json() == found
        assert http.get("/api/v3/user/by-name/nobody").status_code == 404
        assert http.delete("/apiv2/login").status_code == 204
        refused = http.get("/apiv2/login")
        assert refused.status_code == 401
        assert set(refused.json()) == {"errorMessage", "moreInfo", "context"}


def test_a_personal_access_token_is_a_bearer_until_it_is_deleted(
    client: Client, jobs_engine: EngineProcess
) -> None:
    user = client.http.get("/api/v3/user/by-name/lakehouse").json()["id"]
    url = f"/api/v3/user/{user}/token"
    token = client.http.post(url, json={"label": "ci", "millisecondsToExpire": 60_000}).json()
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{jobs_engine.url}/api/v3/catalog", headers=bearer).status_code == 200
    shown = next(t for t in client.http.get(url).json()["data"] if t["label"] == "ci")
    assert set(shown) == {"tid", "uid", "label", "createdAt", "expiresAt"}
    assert client.http.delete(f"{url}/{shown['tid']}").status_code == 204
    assert client.http.delete(f"{url}/{shown['tid']}").status_code == 404
    assert httpx.get(f"{jobs_engine.url}/api/v3/catalog", headers=bearer).status_code == 401
    bob = client.http.get("/api/v3/user/by-name/bob").json()["id"]
    answer = client.http.post(f"/api/v3/user/{bob}/token", json={"label": "", "millisecondsToExpire": 1000})
    assert answer.status_code == 403
    assert client.http.post(url, json={"label": "x", "millisecondsToExpire": 0}).status_code == 400


def test_users_are_changed_by_their_tag(client: Client, jobs_engine: EngineProcess) -> None:
    carol = client.http.post("/api/v3/user", json={"name": "carol", "password": PASSWORD}).json()
    assert client.http.post("/api/v3/user", json={"name": "Carol"}).status_code == 409
    assert client.http.post("/api/v3/user", json={"name": "x", "password": "short"}).status_code == 400
    assert client.http.post("/api/v3/user", json={"name": ""}).status_code == 400
    url = f"/api/v3/user/{carol['id']}"
    changed = client.http.put(url, json={**carol, "email": "c@d.e", "password": "car0l-changed"}).json()
    assert (changed["email"], changed["tag"] != carol["tag"]) == ("c@d.e", True)
    assert client.http.put(url, json={**carol, "email": "lost"}).status_code == 409
    assert client.http.put(url, json={**changed, "name": "other"}).status_code == 400
    Client(jobs_engine.url, "carol", "car0l-changed")
    assert client.http.delete(url).status_code == 204
    assert client.http.get(url).status_code == 404


def test_many_jobs_at_once_each_get_their_own_rows(client: Client) -> None:
    def run(number: int) -> int:
        return int(client.value(f"select {number} + count(*) * 0 as n from disk.n"))

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(run, range(100))) == list(range(100))


def test_history_outlives_a_restart_and_results_do_not(jobs_engine: EngineProcess, client: Client) -> None:
    done, failed = client.submit("select 7 as a"), client.submit("select nothing from disk.n")
    before = client.wait(done), client.wait(failed)
    running = client.submit(endless())
    assert jobs_engine.process is not None
    pid = jobs_engine.process.pid
    children = psutil.Process(pid).children(recursive=True)
    started = time.monotonic()
    assert jobs_engine.stop() == 0
    assert time.monotonic() - started < 6
    assert not psutil.pid_exists(pid)
    assert not [child for child in children if child.is_running()]
    jobs_engine.start(DREMIO_RESULT_SECONDS="3")
    again = jobs_engine.client()
    assert (again.wait(done), again.wait(failed)) == before
    stopped = again.wait(running)
    assert (stopped["jobState"], stopped["cancellationReason"]) == ("CANCELED", "The engine was stopped")
    answer = again.http.get(f"/api/v3/job/{done}/results")
    assert answer.status_code == 400
    assert "have expired" in answer.json()["errorMessage"]
    assert again.http.post(f"/api/v3/job/{done}/cancel").status_code == 200
    assert again.value(f"select count(*) from sys.jobs_recent where job_id = '{done}'") == 1
    assert again.http.get(f"/apiv2/profiles/{done}.json").json()["query"] == "select 7 as a"
