"""alt-dremio-cli: a profile, and its commands on the catalog, on statements and on reflections."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dremio_cli.cli import cli
from tests.conformance.target import Target

from testing.waiting import wait_until

Run = Callable[..., str]


@pytest.fixture
def run(dremio: Target, own_home: Path) -> Run:
    """Runs one command with a profile that signs in with name and password; gives what it printed."""

    def invoke(*words: str) -> str:
        done = CliRunner().invoke(cli, list(words))
        assert done.exit_code == 0, (words, done.output, done.exception)
        return str(done.output)

    invoke(
        "profile", "create", "here", "--type", "software", "--base-url", dremio.url,
        "--auth-type", "username_password", "--username", dremio.user, "--password", dremio.password,
    )  # fmt: skip
    return invoke


def shown(text: str) -> Any:
    """The JSON in what a command printed, after its words for people."""
    return json.loads(text[text.index("{") :])


def test_it_runs_statements(run: Run) -> None:
    assert shown(run("-o", "json", "sql", "execute", "select 1 as a, 'x' as s"))["rows"] == [
        {"a": 1, "s": "x"}
    ]
    assert "valid" in run("sql", "validate", "select 1 as a")
    # The client asks for the plan at once, and a server may still be at it.
    wait_until(lambda: "Plan" in run("sql", "explain", "select 1 as a"), "the plan of a statement")


def test_it_makes_and_changes_what_lies_in_a_space(dremio: Target, run: Run) -> None:
    run("folder", "create", "--path", json.dumps([dremio.space, "cli"]))
    run("view", "create", "--path", json.dumps([dremio.space, "cli", "v"]), "--sql", "select 1 as a")
    view = shown(run("-o", "json", "catalog", "get-by-path", f"{dremio.space}/cli/v"))
    assert (view["type"], view["sql"]) == ("VIRTUAL_DATASET", "select 1 as a")
    run("view", "update", view["id"], "--sql", "select 2 as b")
    changed = shown(run("-o", "json", "catalog", "get", view["id"]))
    assert [field["name"] for field in changed["fields"]] == ["b"]
    run("tag", "set", view["id"], "--tags", "one,two")
    assert "one, two" in run("tag", "get", view["id"])
    run("wiki", "set", view["id"], "--text", "# Two")
    assert "Two" in run("wiki", "get", view["id"])
    assert dremio.space in run("-o", "json", "catalog", "list")
    run("view", "delete", view["id"], "--yes")


def test_it_makes_and_lists_reflections(dremio: Target, run: Run) -> None:
    run("sql", "execute", f"create table {dremio.table('cli_base')} as select 1 as a, 'x' as s")
    table = shown(run("-o", "json", "catalog", "get-by-path", f"{dremio.source}/{dremio.run}/cli_base"))
    body = {
        "type": "AGGREGATION",
        "name": "cli",
        "datasetId": table["id"],
        "enabled": True,
        "dimensionFields": [{"name": "s"}],
    }
    run("reflection", "create", "--json", json.dumps(body))
    assert "cli" in run("-o", "json", "reflection", "list")
    assert dremio.source in run("-o", "json", "source", "list")
