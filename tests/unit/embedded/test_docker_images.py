"""The Dockerfiles, read by BuildKit's own parser (PyPI package `dockerfile`)."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import dockerfile
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[3]
IMAGES = ("airflow", "superset")


def commands(image: str) -> list[dockerfile.Command]:
    parsed = list(dockerfile.parse_file(str(REPOSITORY / "docker" / image / "Dockerfile")))
    assert parsed
    return parsed


def of_kind(image: str, kind: str) -> list[dockerfile.Command]:
    return [each for each in commands(image) if each.cmd.upper() == kind]


def copied(image: str) -> list[str]:
    sources = [source for each in of_kind(image, "COPY") for source in each.value[:-1]]
    assert sources
    return sources


@pytest.mark.parametrize("image", IMAGES)
def test_everything_copied_exists(image: str) -> None:
    for source in copied(image):
        assert (REPOSITORY / source).exists(), source


@pytest.mark.parametrize("image", IMAGES)
def test_the_build_context_lets_through_what_is_copied_and_little_else(image: str) -> None:
    rules = (REPOSITORY / "docker" / image / "Dockerfile.dockerignore").read_text().split("\n")
    assert "*" in rules
    let_through = [rule[1:] for rule in rules if rule.startswith("!")]
    for source in copied(image):
        assert any(fnmatch.fnmatch(source, rule) for rule in let_through), source
    assert set(let_through) == set(copied(image))


@pytest.mark.parametrize("image", IMAGES)
def test_the_image_does_not_run_as_root(image: str) -> None:
    last_user = of_kind(image, "USER")[-1].value[0]
    assert last_user not in ("root", "0")


@pytest.mark.parametrize("image", IMAGES)
def test_the_base_image_is_pinned_to_a_version(image: str) -> None:
    for each in of_kind(image, "FROM"):
        name, _, tag = each.value[0].partition(":")
        assert tag, name
        assert "latest" not in tag


def test_the_airflow_base_is_the_version_of_the_requirements() -> None:
    wanted = next(
        line.split("==")[1]
        for line in (REPOSITORY / "requirements.txt").read_text().splitlines()
        if line.startswith("apache-airflow==")
    )
    assert of_kind("airflow", "FROM")[0].value[0] == f"apache/airflow:slim-{wanted}-python3.11"


def test_the_superset_versions_are_those_of_the_lock() -> None:
    lock = (REPOSITORY / "requirements" / "superset.lock").read_text()
    assert "apache-superset==" + of_kind("superset", "FROM")[0].value[0].split(":")[1] in lock
    pinned = [word for each in of_kind("superset", "RUN") for word in each.value[0].split() if "==" in word]
    assert pinned
    # What Superset's own dependencies would resolve differently has a lock of its own.
    lock += (REPOSITORY / "requirements" / "superset-nodeps.lock").read_text()
    for requirement in pinned:
        assert requirement in lock, requirement


def test_python_packages_of_airflow_and_dbt_are_installed_by_hash() -> None:
    installs = "".join(each.value[0] for each in of_kind("airflow", "RUN"))
    assert installs.count("pip install") == installs.count("--require-hashes") == 2


def test_every_image_of_the_compose_file_is_built_here_or_pinned_in_the_example() -> None:
    compose = yaml.safe_load((REPOSITORY / "docker" / "docker-compose.yaml").read_text())
    built_here = {each["image"] for each in compose["services"].values() if "build" in each}
    assert built_here
    for name, service in compose["services"].items():
        if "build" in service:
            assert (REPOSITORY / "docker" / service["build"]["context"]).resolve() == REPOSITORY
            assert (REPOSITORY / service["build"]["dockerfile"]).exists(), name
        else:
            assert service["image"] in built_here or service["image"].startswith("${"), name


def test_the_dbt_that_tasks_start_is_an_executable_of_this_repository() -> None:
    (words,) = (each.value for each in of_kind("airflow", "ENV"))
    settings = dict(zip(words[::2], words[1::2], strict=True))
    path = Path(settings["LAKEHOUSE_DBT_EXECUTABLE"]).relative_to("/opt/airflow")
    assert (REPOSITORY / path).stat().st_mode & 0o111
    made = [word for each in of_kind("airflow", "RUN") for word in each.value[0].split()]
    assert f"{settings['LAKEHOUSE_DBT_ENVIRONMENT']}/bin/dbt" in made
