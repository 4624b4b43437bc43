"""Every DAG of the repository keeps the house's rules; an empty bag keeps none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import PartitionedAssetTimetable

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files, read_connection_file
from lakehouse.airbyte.night_syncs import night_syncs
from lakehouse.bronze.declared import night_streams
from lakehouse.night.business_date import BusinessDateError
from lakehouse.night.dag_defaults import OWNER, RECEIPTS, TAGS
from lakehouse.night.plan import NIGHT, stage
from lakehouse.night.timetable import NightTimetable
from lakehouse.night_run.follow import OVERTIME
from lakehouse.night_run.request import FIELDS
from lakehouse.platform.retry_policy import RETRY_POLICY
from lakehouse.stream.plan import DAG_ID, is_declared
from lakehouse.superset.dashboards import read_dashboards

DAGS = Path(__file__).parents[3] / "dags"
FILES = sorted(path.stem for path in DAGS.glob("*.py"))
STAGES = [each.name for each in NIGHT]
EXTRACTS = [each.name for each in NIGHT if not each.waits_for]
BY_THE_CLOCK = by_the_clock(read_all_connection_files())
SYNCS = [f"sync_{each.name}" for each in BY_THE_CLOCK]
OTHERS = [
    "provision_platform",
    "report_drift",
    "report_morning",
    "run_night",
    "tidy_platform",
    "watch_platform",
    *(("stream_orders", "tidy_stream", "verify_seam") if is_declared() else ()),
]
NAMES = sorted([*STAGES, *OTHERS, *SYNCS])
DOC_SECTIONS = ("#### Produces", "#### Reads", "#### When and why", "#### If it fails", "#### Safe to rerun?")


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    assert bag.dags, "an empty bag proves nothing"
    return dict(bag.dags)


def test_the_dags_are_the_nine_stages_a_sync_for_each_connection_and_those_that_look_after_them(
    dags: dict[str, Any],
) -> None:
    assert len(STAGES) == 9
    assert sorted(dags) == NAMES


def test_one_file_holds_one_dag_of_its_name_but_for_the_syncs(dags: dict[str, Any]) -> None:
    files = {dag_id: Path(dag.fileloc).stem for dag_id, dag in dags.items()}
    assert files == {name: "sync_by_cadence" if name in SYNCS else name for name in NAMES}


@pytest.mark.parametrize("name", SYNCS)
def test_a_sync_by_cadence_waits_for_somebody_to_want_it_and_for_no_running_job(
    dags: dict[str, Any], name: str
) -> None:
    assert dags[name].is_paused_upon_creation is True
    sync = dags[name].get_task("sync")
    assert sync.skip_when_busy is True
    assert sync.connection_name == name.removeprefix("sync_")
    assert [task.task_id for task in sync.upstream_list] == ["leave_the_night_alone"]
    assert dags[name].timetable.can_be_scheduled


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_has_its_page_with_all_sections(dags: dict[str, Any], name: str) -> None:
    missing = [section for section in DOC_SECTIONS if section not in (dags[name].doc_md or "")]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_begins_with_its_title_and_has_its_sections_in_order(dags: dict[str, Any], name: str) -> None:
    page = (dags[name].doc_md or "").strip()
    places = [page.find(f"\n\n{section}\n\n") for section in DOC_SECTIONS]
    assert page.startswith("### ")
    assert places == sorted(places)
    assert -1 not in places


@pytest.mark.parametrize("name", STAGES)
def test_a_stages_page_ends_with_a_list_of_what_it_handles(dags: dict[str, Any], name: str) -> None:
    *_, heading, listed = dags[name].doc_md.strip().split("\n\n")
    assert heading.startswith("#### ")
    assert all(line.startswith("- ") for line in listed.splitlines())
    tasks = {task.task_id.rpartition(".")[2] for task in dags[name].tasks}
    for each in night_streams() if name == "load_bronze" else ():
        assert f"- `{each}`, as `bronze.raw_{each}`" in listed
    for each in night_syncs(name) if name.startswith("extract_") else ():
        assert f"`{each.name}`" in listed
        assert all(f"`{stream.name}`" in listed for stream in each.streams)
    for task in sorted(tasks):
        verb, _, what = task.partition("_")
        if verb in ("build", "publish") and not task.startswith("no_"):
            assert f".{what.removeprefix('publish_')}`" in listed, task
        elif verb == "warm":
            assert f"`{what.replace('_', '-')}`" in listed


@pytest.mark.parametrize("name", ["extract_postgres", "extract_apis"])
def test_the_page_of_an_extract_says_first_that_a_night_needs_both(dags: dict[str, Any], name: str) -> None:
    other = {"extract_postgres", "extract_apis"} - {name}
    before_the_sections = dags[name].doc_md.split("####")[0]
    assert f"needs both extracts, this one and `{other.pop()}`" in before_the_sections
    assert "`run_night`" in before_the_sections


def test_the_form_of_run_night_has_the_fields_that_are_read(dags: dict[str, Any]) -> None:
    assert tuple(dags["run_night"].params) == FIELDS


@pytest.mark.parametrize("name", FILES)
def test_a_dag_file_is_short(name: str) -> None:
    assert len((DAGS / f"{name}.py").read_text().splitlines()) <= 120


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_has_tags_of_the_vocabulary_and_runs_once_at_a_time(dags: dict[str, Any], name: str) -> None:
    assert set(dags[name].tags)
    assert set(dags[name].tags) <= TAGS
    assert dags[name].max_active_runs == 1
    assert dags[name].catchup is False
    assert dags[name].dagrun_timeout is not None


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_the_shared_defaults(dags: dict[str, Any], name: str) -> None:
    assert dags[name].tasks
    for task in dags[name].tasks:
        assert task.owner == OWNER, task.task_id
        assert task.retries >= 1, task.task_id
        assert task.retry_exponential_backoff > 1, task.task_id
        assert task.retry_policy is RETRY_POLICY, task.task_id
        assert task.execution_timeout is not None, task.task_id
        assert RECEIPTS.record_start in task.on_execute_callback, task.task_id
        assert RECEIPTS.record_success in task.on_success_callback, task.task_id
        assert RECEIPTS.record_retry in task.on_retry_callback, task.task_id
        assert RECEIPTS.record_failure in task.on_failure_callback, task.task_id


@pytest.mark.parametrize("key", [None, "", "16.10.2025", "2999-01-01"])
@pytest.mark.parametrize("name", STAGES)
def test_no_task_of_a_stage_works_without_a_proper_date(
    dags: dict[str, Any], name: str, key: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Some tasks look at no date; their stage would succeed and start the next ones for nonsense."""
    for task in dags[name].tasks:
        caplog.clear()
        with pytest.raises(BusinessDateError) as refused:
            task._pre_execute_hook({"dag_run": SimpleNamespace(partition_key=key)})
        assert caplog.messages == ["::endgroup::", str(refused.value)], "said where the web UI shows it"
        assert key or "start the DAG run_night" in caplog.messages[-1]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_closes_its_receipt_when_its_run_fails(dags: dict[str, Any], name: str) -> None:
    assert dags[name].on_failure_callback == [RECEIPTS.record_run_failure]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_emits_its_asset_once_from_its_last_task(dags: dict[str, Any], name: str) -> None:
    emitting = [task for task in dags[name].tasks if task.outlets]
    assert len(emitting) == 1
    assert [asset.name for asset in emitting[0].outlets] == [stage(name).produces]
    assert dags[name].leaves == emitting, "what comes behind must not start before everything is done"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_starts_as_the_plan_says(dags: dict[str, Any], name: str) -> None:
    timetable = dags[name].timetable
    if not stage(name).waits_for:
        assert isinstance(timetable, NightTimetable)
        assert timetable.summary == stage(name).cron
    else:
        assert isinstance(timetable, PartitionedAssetTimetable)
        condition = timetable.asset_condition
        awaited = {asset.name for asset in getattr(condition, "objects", [condition])}
        assert awaited == {stage(before).produces for before in stage(name).waits_for}


def test_the_list_of_dags_begins_with_the_night_in_its_order(dags: dict[str, Any]) -> None:
    """Airflow sorts its list by display name."""
    listed = sorted(dags.values(), key=lambda dag: dag.dag_display_name)
    assert [dag.dag_id for dag in listed[:10]] == ["run_night", *STAGES]


def test_the_form_of_run_night_has_a_date_picker_and_the_nine_stages(dags: dict[str, Any]) -> None:
    params = dags["run_night"].params
    assert set(params) == {"date", "from_stage", "force_sync", "full_refresh"}
    assert params.get_param("date").schema["format"] == "date"
    assert params["date"] is None, "a default is fixed at parse time: the first task chooses"
    assert params.get_param("from_stage").schema["enum"] == STAGES
    assert list(params.get_param("from_stage").schema["values_display"]) == STAGES
    params.validate()


def test_run_night_waits_without_a_worker_for_as_long_as_a_night_may_take(dags: dict[str, Any]) -> None:
    run_night = dags["run_night"]
    assert run_night.timetable.can_be_scheduled is False
    assert [task.task_id for task in run_night.topological_sort()] == [
        "choose_the_night",
        "start_or_join_the_night",
        "follow_the_night",
    ]
    planned = sum(stage(name).minutes for name in STAGES)
    patience = timedelta(minutes=OVERTIME * planned)
    assert run_night.dagrun_timeout > patience
    assert run_night.get_task("follow_the_night").execution_timeout > patience


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_has_its_planned_end_as_deadline(dags: dict[str, Any], name: str) -> None:
    deadlines = dags[name].deadline
    assert len(deadlines) == 1
    assert f"{stage(name).end:%H:%M}" in deadlines[0].name


def test_the_extracts_announce_one_after_the_other(dags: dict[str, Any]) -> None:
    """In the same instant, Airflow 3.3.2 loses the run of the stage that waits for both."""
    for name in EXTRACTS:
        assert dags[name].get_task("announce").pool == "announcements"


@pytest.mark.parametrize("name", EXTRACTS)
def test_an_extract_announces_when_each_of_its_connections_is_synced(dags: dict[str, Any], name: str) -> None:
    declared = {f"sync_{each.short_name}": each.name for each in night_syncs(name)}
    syncs = [task for task in dags[name].tasks if task.task_id.startswith("sync_")]
    assert {sync.task_id: sync.connection_name for sync in syncs} == declared
    assert len(syncs) == len(declared)
    assert set(dags[name].get_task("announce").upstream_list) == set(syncs)
    for sync in syncs:
        assert sync.upstream_list == [], "no sync waits for another one"
        assert sync.retries == read_connection_file(sync.connection_name).retries >= 1


def test_every_stream_of_every_connection_of_the_night_is_loaded(dags: dict[str, Any]) -> None:
    """One that lands and is not loaded would be lost without a word."""
    landed = {stream for each in BY_THE_CLOCK for stream in each.lake_streams}
    tasks = [task for task in dags["load_bronze"].tasks if task.task_id.startswith("load_")]
    loaded = {task.stream for task in tasks}
    assert [task.task_id for task in tasks] == [f"load_{task.stream}" for task in tasks]
    assert loaded == landed == set(dags["load_bronze"].get_task("refresh_catalogue").streams)


def test_every_dashboard_that_shows_gold_is_warmed_and_no_live_one(dags: dict[str, Any]) -> None:
    warmed = {
        task.dashboard: task.task_id
        for task in dags["warm_dashboards"].tasks
        if task.task_id != "dashboards_are_served"
    }
    assert set(warmed) == {each.slug for each in read_dashboards() if not each.is_live}
    assert all(task_id == f"warm_{slug.replace('-', '_')}" for slug, task_id in warmed.items())


def test_no_extract_and_no_sync_by_the_clock_reads_what_is_streamed(dags: dict[str, Any]) -> None:
    """Two readers of one slot would each get half of the changes."""
    streamed = {each.name for each in read_all_connection_files()} - {each.name for each in BY_THE_CLOCK}
    read = {getattr(task, "connection_name", "") for name in [*STAGES, *SYNCS] for task in dags[name].tasks}
    assert {each.name for each in BY_THE_CLOCK} <= read
    assert not read & streamed


@pytest.mark.needs_shop
def test_the_stream_is_switched_on_by_hand_runs_alone_and_takes_no_slot_of_the_night(
    dags: dict[str, Any],
) -> None:
    streaming = dags["stream_orders"]
    assert streaming.is_paused_upon_creation is True
    assert streaming.max_active_runs == 1
    assert streaming.catchup is False
    [task] = streaming.tasks
    assert task.pool == "stream"
    assert "stream" not in {other.pool for name in [*STAGES, *SYNCS] for other in dags[name].tasks}
    assert streaming.dag_id == DAG_ID
    assert streaming.dagrun_timeout > task.execution_timeout > task.lasts


@pytest.mark.needs_shop
def test_no_stage_waits_for_the_stream_or_its_upkeep(dags: dict[str, Any]) -> None:
    for name in ("stream_orders", "tidy_stream", "verify_seam"):
        assert not isinstance(dags[name].timetable, PartitionedAssetTimetable)
        assert all(not each.outlets and not each.inlets for each in dags[name].tasks)


def test_provisioning_runs_by_hand_only(dags: dict[str, Any]) -> None:
    assert dags["provision_platform"].timetable.can_be_scheduled is False


def test_the_watch_is_never_paused_runs_every_five_minutes_and_ends_before_the_next(
    dags: dict[str, Any],
) -> None:
    watch = dags["watch_platform"]
    assert watch.is_paused_upon_creation is not True
    assert watch.timetable.expression == "*/5 * * * *"
    [task] = watch.tasks
    assert task.execution_timeout < timedelta(minutes=5)
