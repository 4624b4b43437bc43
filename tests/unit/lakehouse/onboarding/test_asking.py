"""What a person answers on a terminal becomes the same wishes as options do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from lakehouse.onboarding.adding.asking import ask_gold, ask_renames, ask_tables, confirmed
from lakehouse.onboarding.adding.choices import Wishes, settle
from lakehouse.onboarding.profiling.profile import SourceProfile
from lakehouse.onboarding.writing.blueprint import BlueprintError, Source
from lakehouse.onboarding.writing.diff import show_tables
from tests.unit.lakehouse.onboarding.made_profiles import ORDERS, VISITS, cafe, database

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
    answers("nothing", "")
    assert ask_tables(console, database(), Wishes()) is None


def test_a_table_is_known_by_the_name_that_is_shown_too(answers: Answers, console: Console) -> None:
    answers("cafe_orders", "full_refresh", "")
    wishes = ask_tables(console, database(), Wishes())
    assert wishes == Wishes(modes={"orders": "full_refresh"}, keys={"orders": ("order_id",)})


@pytest.mark.parametrize(("answer", "renames"), [("y", {("lines", "cost"): "unit_cost"}), ("n", {})])
def test_a_rename_is_only_taken_when_confirmed(
    answers: Answers, console: Console, answer: str, renames: dict[tuple[str, str], str]
) -> None:
    answers(answer)
    assert ask_renames(console, [("lines", "cost", "unit_cost")], Wishes()).renames == renames


def test_gold_tables_are_chosen_by_name(answers: Answers, console: Console) -> None:
    answers("orders, cafe_stock")
    assert ask_gold(console, cafe()) == ["orders", "cafe_stock"]


def test_a_gold_table_of_nothing_is_asked_for_again(answers: Answers, console: Console) -> None:
    answers("orders, bogus", "orders")
    assert ask_gold(console, cafe()) == ["orders"]


def test_a_cursor_that_may_be_null_is_taken_and_what_it_costs_is_told() -> None:
    profile = SourceProfile("postgres", (VISITS,))
    wishes = Wishes(keys={"visits": ("page",)}, cursors={"visits": "at"})
    settled = settle(profile, wishes, Source("postgres", "cafe_", ()))
    assert settled.source.tables[0].cursor == "at"
    [remark] = [each for each in settled.remarks if "may be null" in each]
    assert remark.endswith("--mode visits=full_refresh brings every row")


def test_another_cursor_than_the_proposed_one_is_shown_as_chosen() -> None:
    profile = SourceProfile("postgres", (ORDERS,))
    wishes = Wishes(cursors={"orders": "deleted_at"})
    settled = settle(profile, wishes, Source("postgres", "cafe_", ()))
    console = Console(record=True, width=200, quiet=False, file=StringIO())
    show_tables(console, settled.source, profile)
    text = console.export_text()
    assert "as you chose" in text
    assert "updated_at shows every change" not in text


def test_a_table_without_a_log_is_not_read_from_it_however_it_is_asked_for() -> None:
    view = replace(VISITS, cdc="sales.visits is a view, and only tables have a log")
    profile = SourceProfile("postgres", (view,))
    for wishes in (Wishes(modes={"visits": "cdc"}), Wishes(cdc=("visits",))):
        with pytest.raises(BlueprintError, match=r"visits cannot be read from the log: .* is a view"):
            settle(profile, replace(wishes, keys={"visits": ("at",)}), Source("postgres", "cafe_", ()))


def test_nothing_is_written_unless_it_is_confirmed(answers: Answers, console: Console) -> None:
    answers("")
    assert not confirmed(console, "Write?")
    answers("y")
    assert confirmed(console, "Write?")
