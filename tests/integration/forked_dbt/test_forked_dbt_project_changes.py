"""A changed project, profile or variable is never answered with what an earlier run parsed."""

from __future__ import annotations

import json

import pytest

from tests.integration.forked_dbt.processes import ForkedDbt


def names(dbt: ForkedDbt, **told: str) -> list[str]:
    listed = dbt.run("ls", "--quiet", **told)
    assert listed.code == 0, listed
    return sorted(listed.out.split())


def test_models_that_come_change_and_go_are_seen_at_once(dbt: ForkedDbt) -> None:
    assert names(dbt) == ["small.first"]
    dbt.write("models/second.sql", "select * from {{ ref('first') }}\n")
    assert names(dbt) == ["small.first", "small.second"]
    dbt.write("models/second.sql", "{{ config(enabled=false) }} select 2 as id\n")
    assert names(dbt) == ["small.first"]
    (dbt.project / "models/second.sql").unlink()
    assert names(dbt) == ["small.first"]


def test_a_macro_and_the_project_file_are_read_anew(dbt: ForkedDbt) -> None:
    dbt.write("macros/answer.sql", "{% macro answer() %}41{% endmacro %}")
    dbt.write("models/first.sql", "select {{ answer() }} as id\n")
    compiled = dbt.project / "target/compiled/small/models/first.sql"
    try:
        for answer in ("41", "42"):
            dbt.write("macros/answer.sql", f"{{% macro answer() %}}{answer}{{% endmacro %}}")
            assert dbt.run("compile", "--quiet", "--no-populate-cache").code == 0
            assert compiled.read_text() == f"select {answer} as id"
        project = (dbt.project / "dbt_project.yml").read_text()
        dbt.write("dbt_project.yml", project.replace("+materialized: table", "+enabled: false"))
        listed = dbt.run("ls", "--quiet")
        assert listed.out.split() == []
        dbt.write("dbt_project.yml", project)
        assert names(dbt) == ["small.first"]
    finally:
        dbt.write("models/first.sql", "select 1 as id\n")
        (dbt.project / "macros/answer.sql").unlink()


@pytest.mark.parametrize("target", ["two", "one"])
def test_profile_and_target_are_the_invocations(dbt: ForkedDbt, target: str) -> None:
    dbt.write("models/first.sql", "select '{{ target.name }}' as id\n")
    try:
        assert dbt.run("compile", "--quiet", "--no-populate-cache", SMALL_TARGET=target).code == 0
        compiled = dbt.project / "target/compiled/small/models/first.sql"
        assert compiled.read_text() == f"select '{target}' as id"
    finally:
        dbt.write("models/first.sql", "select 1 as id\n")


def test_a_manifest_that_is_written_when_parsed_is_never_an_old_one(dbt: ForkedDbt) -> None:
    manifest = dbt.project / "target/manifest.json"

    def written() -> tuple[int, set[str]]:
        assert dbt.run("parse", "--quiet", LAKEHOUSE_DBT_MANIFEST="parsed").code == 0
        return manifest.stat().st_mtime_ns, set(json.loads(manifest.read_text())["nodes"])

    manifest.unlink(missing_ok=True)
    first, nodes = written()
    assert nodes == {"model.small.first"}
    assert written() == (first, nodes)
    dbt.write("models/second.sql", "select * from {{ ref('first') }}\n")
    try:
        assert written()[1] == {"model.small.first", "model.small.second"}
    finally:
        (dbt.project / "models/second.sql").unlink()
    assert written()[1] == {"model.small.first"}
    kept = written()[0]
    assert dbt.run("parse", "--quiet").code == 0
    assert manifest.stat().st_mtime_ns > kept, "without the variable dbt writes it in every run"
