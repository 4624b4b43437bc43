"""What a caller of dbt sees is the same, forked or not: arguments, environment, streams, exit codes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from lakehouse.dbt.project import CLIENT
from tests.integration.forked_dbt.conftest import Waiting
from tests.integration.forked_dbt.processes import ForkedDbt, ended, until


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("ls", "--quiet"), 0),
        (("ls", "--no-such-option"), 2),
        (("ls", "--quiet", "--target", "three"), 2),
    ],
)
def test_output_and_exit_code_are_those_of_plain_dbt(
    dbt: ForkedDbt, arguments: tuple[str, ...], code: int
) -> None:
    plain, forked = dbt.plain(*arguments), dbt.run(*arguments)
    assert plain.code == forked.code == code
    assert _without_times(plain.out) == _without_times(forked.out)
    assert _without_times(plain.err) == _without_times(forked.err)
    assert "without its parent" not in forked.err


def test_every_invocation_has_an_id_and_a_start_of_its_own(dbt: ForkedDbt) -> None:
    seen = []
    for _ in range(2):
        assert dbt.run("compile", "--no-populate-cache").code == 0
        metadata = json.loads((dbt.project / "target" / "run_results.json").read_text())["metadata"]
        seen.append((metadata["invocation_id"], metadata["invocation_started_at"]))
    assert len({each for each, _ in seen}) == 2
    assert seen[0][1] < seen[1][1]


def test_folder_and_environment_are_the_callers(dbt: ForkedDbt) -> None:
    dbt.write("models/told.sql", 'select \'{{ env_var("TOLD", "nothing") }}\' as told\n')
    try:
        for told in ("a thing", "another\nwith two lines", "Ünïcödé"):
            assert dbt.run("compile", "--quiet", "--no-populate-cache", TOLD=told).code == 0
            compiled = (dbt.project / "target/compiled/small/models/told.sql").read_text()
            assert compiled == f"select '{told}' as told"
        assert dbt.run("compile", "--quiet", "--no-populate-cache").code == 0
        compiled = (dbt.project / "target/compiled/small/models/told.sql").read_text()
        assert compiled == "select 'nothing' as told", "of the invocation before, nothing is left"
    finally:
        (dbt.project / "models/told.sql").unlink()


def test_what_dbt_writes_has_the_callers_umask(dbt: ForkedDbt) -> None:
    log = dbt.project / "umask" / "dbt.log"
    subprocess.run(
        ["sh", "-c", f"umask 027; exec '{CLIENT}' parse --log-path '{log.parent}'"],
        cwd=dbt.project,
        env=dbt.environment,
        check=True,
        capture_output=True,
    )
    assert log.stat().st_mode & 0o777 == 0o640


def test_streams_are_the_callers_own_also_a_terminal(waiting: Waiting) -> None:
    master, terminal = pty.openpty()
    name = os.ttyname(terminal)
    process = subprocess.Popen(
        [CLIENT, "run"],
        cwd=waiting.dbt.project,
        env=waiting.dbt.environment | waiting.environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    waiting.note()
    child = waiting.dbt.child()
    assert {str(Path(f"/proc/{child.pid}/fd/{number}").readlink()) for number in (0, 1, 2)} == {name}
    process.terminate()
    assert process.wait() == -signal.SIGTERM
    os.close(master)


def test_standard_input_reaches_dbt(dbt: ForkedDbt, tmp_path: Path) -> None:
    done = subprocess.run(
        [CLIENT, "init", "--profiles-dir", str(tmp_path), "asked"],
        cwd=tmp_path,
        env=dbt.environment | {"DBT_PROFILES_DIR": str(tmp_path)},
        input="1\n1\nhere\n\n\n\n\n\n\n\n\n\n\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Which database would you like to use?" in done.stdout
    assert (tmp_path / "asked" / "dbt_project.yml").is_file()


def test_a_closed_stream_does_not_keep_dbt_from_running(dbt: ForkedDbt) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec '{CLIENT}' ls --quiet <&- 2>&-"],
        cwd=dbt.project,
        env=dbt.environment,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["small.first"])


def test_runs_go_side_by_side(waiting: Waiting) -> None:
    first, second = waiting.start(), waiting.start()
    assert first.poll() is None
    assert second.poll() is None
    assert len(waiting.dbt.parent().children()) == 2
    third = waiting.dbt.run("ls", "--quiet")
    assert (third.code, third.out.split()) == (0, ["small.first"])
    for process in (first, second):
        process.terminate()
        assert ended(process).code == -signal.SIGTERM
    until(lambda: not waiting.dbt.parent().children())


def _without_times(text: str) -> list[str]:
    """Lines without the clock that dbt writes in front of them."""
    return [line.split("  ", 1)[-1] if line[2:3] == ":" else line for line in text.splitlines()]
