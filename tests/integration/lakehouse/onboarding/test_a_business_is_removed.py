"""bin/source remove in a copy of the repository: what is left fits, and says nothing of what is gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testing.repository import ROOT

pytestmark = pytest.mark.needs_shop

LEFT_BEHIND = shutil.ignore_patterns(
    ".local", ".git", ".env", "__pycache__", "*.pyc", ".*_cache", "target", "logs"
)
PARSE = """
import json
from airflow.dag_processing.dagbag import DagBag
from lakehouse.dbt.manifest import check
from lakehouse.night.plan import NIGHT
from lakehouse.observe.doctor.probes import all_probes
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.sections import shown_sections
from lakehouse.observe.why_stale.walk import UnknownNameError, subject_of
from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import read_bundle

check()
bag = DagBag("dags")
try:
    subject_of(read_lineage(), "nothing")
except UnknownNameError as unknown:
    known = str(unknown)
print(json.dumps({
    "errors": {str(path): str(error) for path, error in bag.import_errors.items()},
    "pages": {name: f"{dag.doc_md} {dag.description}" for name, dag in bag.dags.items()},
    "tasks": {name: sorted(dag.task_ids) for name, dag in bag.dags.items()},
    "stages": [stage.name for stage in NIGHT],
    "probes": [probe.name for probe in all_probes()],
    "sections": [section.name for section in shown_sections()],
    "dashboards": [each.slug for each in read_bundle(INCLUDE / "superset").dashboards],
    "known": known,
}))
"""


class Copy:
    """A repository in a folder of its own, with this one's environments."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT, root, ignore=LEFT_BEHIND, symlinks=True)
        (root / ".local").symlink_to(ROOT / ".local")

    def run(self, python: Path | str, *words: str) -> subprocess.CompletedProcess[str]:
        """A Python of an environment, with the copy's modules; its streams as text."""
        mine = {
            "AIRFLOW_HOME": str(self.root.parent / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.root / "plugins"),
            "LAKEHOUSE_STATE_DIR": str(self.root.parent / "state"),
            "PYTHONPATH": f"{self.root / 'plugins'}:{self.root}",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHOP_")}
        return subprocess.run(
            [str(python), *words],
            cwd=self.root,
            env=inherited | mine,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def source(self, *words: str) -> subprocess.CompletedProcess[str]:
        """bin/source in the copy."""
        return self.run(sys.executable, "-m", "lakehouse.onboarding", *words)

    def files(self) -> dict[str, bytes]:
        """Everything that a person or git would see, but the user's own values."""
        paths = (path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        kept = ((path.relative_to(self.root), path) for path in paths)
        return {
            str(name): path.read_bytes()
            for name, path in kept
            if name.parts[0] != ".local" and str(name) != ".env"
        }

    def restore(self, files: dict[str, bytes]) -> None:
        """Bring back what these files were."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("removed") / "repository")


@pytest.fixture(scope="module")
def menu(copy: Copy, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of files that a second business is read from; its pattern."""
    folder = tmp_path_factory.mktemp("drops")
    (folder / "menu_1.csv").write_text("id,name,price\n1,espresso,2.50\n2,tea,3.10\n")
    return str(folder / "menu_*.csv")


@pytest.fixture(scope="module")
def two_businesses(copy: Copy, menu: str) -> dict[str, bytes]:
    """The copy with the teahouse beside the shop; its files before the teahouse came."""
    before = copy.files()
    added = copy.source("add", "teahouse", "--files", menu, "--gold", "menu", "--yes")
    assert added.returncode == 0, added.stderr + added.stdout
    return before


def test_a_business_that_was_added_is_removed_without_a_trace(
    copy: Copy, two_businesses: dict[str, bytes]
) -> None:
    with_teahouse = copy.files()
    planned = copy.source("remove", "teahouse", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert copy.files() == with_teahouse, "a plan writes nothing"
    assert "delete  include/contracts/teahouse_menu.yaml" in planned.stdout
    assert "change  .env: without TEAHOUSE_FILES_URI" in planned.stdout
    refused = copy.source("remove", "teahouse")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert copy.files() == with_teahouse, "nobody was there to ask"
    removed = copy.source("remove", "teahouse", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert copy.files() == two_businesses
    assert "TEAHOUSE" not in (copy.root / ".env").read_text()
    assert "bin/airbyte forget teahouse_files_to_lake" in removed.stdout
    assert "drop table gold.teahouse_menu;" in removed.stdout
    unknown = copy.source("remove", "teahouse", "--yes")
    assert unknown.returncode == 2
    assert "there are: shop" in unknown.stderr
    copy.restore(with_teahouse)


def test_a_model_of_two_businesses_stops_the_removal_until_it_is_named(
    copy: Copy, two_businesses: dict[str, bytes]
) -> None:
    model = copy.root / "include" / "dbt" / "models" / "gold" / "all_sales.sql"
    model.write_text(
        "select id from {{ ref('fct_teahouse_menu') }} union all "
        "select order_id from {{ ref('fct_orders') }}\n"
    )
    held = copy.files()
    refused = copy.source("remove", "teahouse", "--yes")
    assert refused.returncode == 2
    assert "model all_sales also reads raw_customers, raw_orders" in refused.stderr
    assert copy.files() == held
    named = copy.source("remove", "teahouse", "--dry-run", "--with", "all_sales")
    assert named.returncode == 0, named.stderr
    assert "delete  include/dbt/models/gold/all_sales.sql" in named.stdout
    model.unlink()


@pytest.fixture(scope="module")
def without_shop(copy: Copy, two_businesses: dict[str, bytes]) -> dict[str, bytes]:
    """The copy after the shop is gone; the files of the repository with both."""
    both = copy.files()
    removed = copy.source("remove", "shop", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "select pg_drop_replication_slot('airbyte_slot');" in removed.stdout
    return both


@pytest.fixture(scope="module")
def parsed(copy: Copy, without_shop: dict[str, bytes]) -> dict[str, dict[str, object]]:
    """What Airflow, dbt, Superset and the observer make of what is left."""
    done = copy.run(sys.executable, "-c", PARSE)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_all_of_the_shop_goes_and_nothing_of_the_teahouse(copy: Copy, without_shop: dict[str, bytes]) -> None:
    left = copy.files()
    gone = set(without_shop) - set(left)
    assert not [path for path in gone if "teahouse" in path]
    assert len([path for path in gone if path.startswith("include/airbyte/shop_")]) == 5
    changed = {path for path in left if left[path] != without_shop[path]}
    assert changed == {
        "airflow_settings.yaml",
        "docker/.env.example",
        "docker/docker-compose.yaml",
        "include/dbt/manifest.json",
        "include/observe/shedding.yaml",
    }
    declared = (
        "airflow_settings.yaml",
        "docker/.env.example",
        "docker/docker-compose.yaml",
        "include/dbt/manifest.json",
    )
    for path in declared:
        assert b"shop" not in left[path].lower(), path
        assert b"teahouse" in left[path], path


def test_every_stage_of_the_night_is_there_for_the_other_business(
    parsed: dict[str, dict[str, object]],
) -> None:
    assert parsed["errors"] == {}
    tasks = parsed["tasks"]
    assert set(parsed["stages"]) <= set(tasks)
    assert {"announce", "sync_teahouse_files"} <= set(tasks["extract_apis"])
    assert "announce" in tasks["extract_postgres"]
    assert "load_teahouse_menu" in tasks["load_bronze"]
    assert not {"stream_orders", "verify_seam", "tidy_stream"} & set(tasks)
    assert parsed["dashboards"] == []
    assert "stream" not in parsed["sections"]


def test_nothing_that_is_shown_speaks_of_the_shop(copy: Copy, parsed: dict[str, dict[str, object]]) -> None:
    """DAG pages, the doctor's probes, why-stale; status, help and variables of the platform."""
    shown = {"dags": json.dumps([parsed["pages"], parsed["tasks"]]), "doctor": json.dumps(parsed["probes"])}
    shown["why-stale"] = str(parsed["known"])
    embedded = ROOT / ".local" / "envs" / "embedded" / "bin" / "python"
    for command in ("status", "env"):
        done = copy.run(embedded, "-m", "embedded.cli", command)
        shown[command] = (done.stdout + done.stderr).replace(str(copy.root), "")
    shown["help"] = subprocess.run(
        ["make", "help"], cwd=copy.root, capture_output=True, text=True, check=True
    ).stdout
    stream = copy.run(sys.executable, "-m", "lakehouse.stream", "status")
    shown["stream"] = stream.stdout + stream.stderr
    assert "no stream is declared" in shown["stream"]
    assert "PLATFORM_PG_HOST" in shown["env"]
    mentions = {
        name: [line for line in text.splitlines() if "shop" in line.lower()][:3]
        for name, text in shown.items()
    }
    assert {name: lines for name, lines in mentions.items() if lines} == {}
