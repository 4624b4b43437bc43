"""A file that a person has edited, when the source has changed: both changes, or both sides are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.onboarding.writing import file_changes
from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.file_changes import write_all
from lakehouse.onboarding.writing.plan import FileChange, OnConflict, planned_changes

MADE = "a: 1\nb: 2\nc: 3\n"


def planned(
    root: Path,
    mine: str | None,
    base: str | None,
    theirs: str | None,
    on_conflict: OnConflict = OnConflict.STOP,
) -> list[FileChange]:
    if mine is not None:
        (root / "file").write_text(mine)
    made = {} if base is None else {"file": base}
    wanted = {} if theirs is None else {"file": theirs}
    return planned_changes(made, wanted, root, on_conflict)


@pytest.mark.parametrize(
    ("mine", "theirs", "merged"),
    [
        (MADE, "a: 1\nb: 2\nc: 4\n", "a: 1\nb: 2\nc: 4\n"),
        ("# mine\na: 1\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 4\n", "# mine\na: 1\nb: 2\nc: 4\n"),
        ("a: 1\nb: 2\nc: 3  # mine\n", "a: 1\nb: 2\nc: 3\nd: 4\n", "a: 1\nb: 2\nc: 3  # mine\nd: 4\n"),
        ("a: 1\nb: 0\nc: 3\n", "a: 1\nb: 2\nc: 4\n", "a: 1\nb: 0\nc: 4\n"),
    ],
    ids=["not edited", "edited elsewhere", "edited above what is new", "edited the line before"],
)
def test_what_the_source_changed_comes_into_what_a_person_edited(
    tmp_path: Path, mine: str, theirs: str, merged: str
) -> None:
    (change,) = planned(tmp_path, mine, MADE, theirs)
    assert (change.before, change.after, change.conflict) == (mine, merged, "")


@pytest.mark.parametrize("mine", [MADE, "a: 0\n", None])
def test_nothing_changes_where_the_source_has_not(tmp_path: Path, mine: str | None) -> None:
    assert planned(tmp_path, mine, MADE, MADE) == []


def test_one_line_changed_by_both_stops_and_shows_both(tmp_path: Path) -> None:
    (change,) = planned(tmp_path, "a: 1\nb: mine\nc: 3\n", MADE, "a: 1\nb: theirs\nc: 3\n")
    assert change.after == change.before
    assert "<<<<<<< as it is\nb: mine\n=======\nb: theirs\n>>>>>>> as the source is now" in change.conflict


@pytest.mark.parametrize(
    ("choice", "after"),
    [(OnConflict.MINE, "a: 0\nb: mine\nc: 3\nd: 4\n"), (OnConflict.SOURCE, "a: 0\nb: theirs\nc: 3\nd: 4\n")],
)
def test_a_choice_settles_those_lines_only(tmp_path: Path, choice: OnConflict, after: str) -> None:
    base = "a: 1\nb: 2\nc: 3\n"
    (change,) = planned(tmp_path, "a: 0\nb: mine\nc: 3\n", base, "a: 1\nb: theirs\nc: 3\nd: 4\n", choice)
    assert (change.after, change.conflict) == (after, "")


def test_a_file_that_is_no_longer_made_is_deleted_unless_it_was_edited(tmp_path: Path) -> None:
    (change,) = planned(tmp_path, MADE, MADE, None)
    assert change.after is None
    (kept,) = planned(tmp_path, "a: 0\n", MADE, None)
    assert kept.conflict == "file is to be deleted and has been edited by hand"
    assert planned(tmp_path, "a: 0\n", MADE, None, OnConflict.MINE) == []


def test_a_file_that_a_person_deleted_stays_away(tmp_path: Path) -> None:
    assert planned(tmp_path, None, MADE, "a: 9\n") == []


def test_a_file_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(BlueprintError, match="file: there, and not made by bin/source"):
        planned(tmp_path, "of somebody else\n", None, MADE)
    assert planned(tmp_path, MADE, None, MADE) == []


def test_all_is_written_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/gone").write_text("gone")
    write_all(
        [
            FileChange("new/deep/file", None, "new"),
            FileChange("secret", None, "secret", is_private=True),
            FileChange("folder/gone", "gone", None),
        ],
        tmp_path,
    )
    assert (tmp_path / "new/deep/file").read_text() == "new"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "folder").exists()


def test_what_cannot_be_written_takes_everything_back(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("before")
    (tmp_path / "not_a_folder").write_text("")
    changes = [
        FileChange("first", "before", "after"),
        FileChange("second", None, "new"),
        FileChange("not_a_folder/third", None, "new"),
    ]
    with pytest.raises(BlueprintError, match=r"not_a_folder/third cannot be written.*nothing was changed"):
        write_all(changes, tmp_path)
    assert (tmp_path / "first").read_text() == "before"
    assert not (tmp_path / "second").exists()


def test_ctrl_c_between_two_files_takes_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first").write_text("before")
    written = file_changes.write_whole

    def interrupted(path: Path, text: str, mode: int | None) -> None:
        written(path, text, mode)
        if text == "new":
            raise KeyboardInterrupt

    monkeypatch.setattr(file_changes, "write_whole", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(
            [FileChange("first", "before", "after"), FileChange("folder/second", None, "new")], tmp_path
        )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"first": "before"}
