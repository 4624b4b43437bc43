"""What a person answers on a terminal becomes the same wishes as options do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rich.console import Console

from lakehouse.onboarding.adding.asking import ask_gold, ask_renames, ask_tables, confirmed
from lakehouse.onboarding.adding.choices import Wishes
from tests.unit.lakehouse.onboarding.made_profiles import cafe, database

Answers = Callable[..., None]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    def give(*lines: str) -> None:
        remaining: Iterator[str] = iter(lines)
        monkeypatch.setattr("builtins.input", lambda *_: next(remaining))

    return give


@pytest.fixture
def console() -> Console:
    return Console(quiet=True)


def test_enter_leaves_every_table_as_proposed(answers: Answers, console: Console) -> None:
    answers("")
    assert ask_tables(console, database(), Wishes()) is None


def test_another_mode_key_and_cursor_of_one_table(answers: Answers, console: Console) -> None:
    answers("visits", "incremental", "at, page", "at")
    wishes = ask_tables(console, database(), Wishes(cdc=("stock",)))
    assert wishes == Wishes(
        cdc=("stock",),
        modes={"visits": "incremental"},
        keys={"visits": ("at", "page")},
        cursors={"visits": "at"},
    )


def test_a_table_read_whole_is_asked_for_no_cursor(answers: Answers, console: Console) -> None:
    answers("orders", "full_refresh", "")
    wishes = ask_tables(console, database(), Wishes(cursors={"orders": "deleted_at"}))
    assert wishes == Wishes(modes={"orders": "full_refresh"}, keys={"orders": ("order_id",)})


def test_a_table_that_is_not_there_changes_nothing(answers: Answers, console: Console) -> None:
    answers("nothing")
    assert ask_tables(console, database(), Wishes()) == Wishes()


@pytest.mark.parametrize(("answer", "renames"), [("y", {("lines", "cost"): "unit_cost"}), ("n", {})])
def test_a_rename_is_only_taken_when_confirmed(
    answers: Answers, console: Console, answer: str, renames: dict[tuple[str, str], str]
) -> None:
    answers(answer)
    assert ask_renames(console, [("lines", "cost", "unit_cost")], Wishes()).renames == renames


def test_gold_tables_are_chosen_by_name(answers: Answers, console: Console) -> None:
    answers("orders, cafe_stock")
    assert ask_gold(console, cafe()) == ["orders", "cafe_stock"]


def test_nothing_is_written_unless_it_is_confirmed(answers: Answers, console: Console) -> None:
    answers("")
    assert not confirmed(console, "Write?")
    answers("y")
    assert confirmed(console, "Write?")
