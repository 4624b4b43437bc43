"""What decides whether a parent may answer an invocation, and where its socket may lie."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.dbt.forked.fingerprint import fingerprint
from lakehouse.dbt.forked.place import PlaceError, private_folder
from lakehouse.dbt.project import CLIENT

PACKAGES = "lib/python3.11/site-packages"


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """As much of a dbt environment as the fingerprint looks at."""
    folder = tmp_path / "environment"
    (folder / PACKAGES / "dbt_dremio-1.11.0.dist-info").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def _upgrade(folder: Path) -> None:
    info = folder / PACKAGES / "dbt_dremio-1.11.0.dist-info"
    info.rename(info.with_name("dbt_dremio-1.11.1.dist-info"))


def _reinstall(folder: Path) -> None:
    info = folder / PACKAGES / "dbt_dremio-1.11.0.dist-info"
    info.rmdir()
    info.mkdir()


def _another_python(folder: Path) -> None:
    (folder / "bin" / "python").unlink()
    (folder / "bin" / "python").symlink_to("/bin/sh")


@pytest.mark.parametrize("change", [_upgrade, _reinstall, _another_python])
def test_a_changed_environment_is_another_parent(environment: Path, change: Callable[[Path], None]) -> None:
    before = fingerprint(str(environment), {})
    assert fingerprint(str(environment), {}) == before
    change(environment)
    assert fingerprint(str(environment), {}) != before


def test_the_first_import_of_a_new_environment_is_not_another_parent(environment: Path) -> None:
    """It writes `__pycache__` into site-packages: the first night started two parents for one environment."""
    before = fingerprint(str(environment), {})
    (environment / PACKAGES / "__pycache__").mkdir()
    os.utime(environment / PACKAGES, ns=(1, 1))
    assert fingerprint(str(environment), {}) == before


@pytest.mark.parametrize("name", ["HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "TZ"])
def test_a_variable_that_is_read_at_import_is_another_parent(environment: Path, name: str) -> None:
    assert fingerprint(str(environment), {name: "a"}) != fingerprint(str(environment), {name: "b"})


@pytest.mark.parametrize(
    "name", ["LAKEHOUSE_BUSINESS_DATE", "DBT_ENV_SECRET_DREMIO_PASSWORD", "DREMIO_HOST", "AIRFLOW_CTX_DAG_ID"]
)
def test_what_a_run_reads_for_itself_is_not(environment: Path, name: str) -> None:
    assert fingerprint(str(environment), {name: "a"}) == fingerprint(str(environment), {name: "b"})


def test_an_environment_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fingerprint(str(tmp_path / "nowhere"), {})


def test_the_folder_is_the_platforms_or_the_users_own(tmp_path: Path) -> None:
    ours = private_folder({"LAKEHOUSE_STATE_DIR": str(tmp_path / "state")})
    assert ours == str(tmp_path / "state" / "dbt")
    users = private_folder({"TMPDIR": str(tmp_path)})
    assert users == str(tmp_path / f"lakehouse-dbt-{os.getuid()}")
    for folder in (ours, users):
        assert Path(folder).stat().st_mode & 0o777 == 0o700


def test_a_folder_of_others_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "dbt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlaceError, match="mode 700"):
        private_folder({"LAKEHOUSE_STATE_DIR": str(tmp_path / "state")})
    (tmp_path / "state" / "dbt").unlink()
    (tmp_path / "state" / "dbt").mkdir()
    (tmp_path / "state" / "dbt").chmod(0o750)
    with pytest.raises(PlaceError, match="mode 700"):
        private_folder({"LAKEHOUSE_STATE_DIR": str(tmp_path / "state")})


def test_the_client_needs_no_package_and_imports_little() -> None:
    """It is started for every model."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", str(CLIENT), "--version"],
        env={"LAKEHOUSE_DBT_FORKED": "0", "LAKEHOUSE_DBT_ENVIRONMENT": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 127, "there is no dbt at /nowhere"
    imported = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "lakehouse.dbt.forked.starting" in imported
    assert not imported & {"json", "pathlib", "re", "subprocess", "tempfile", "typing"}
    assert os.access(CLIENT, os.X_OK)
