"""Faults that somebody could write into the statements of the edge: the property test must see each one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A statement's text with one thing wrong."""

    name: str
    old: str
    new: str

    def of(self, text: str) -> str:
        """The text with the fault.

        Raises:
            AssertionError: the text is not what this fault was written for.
        """
        assert text.count(self.old) == 1, f"{self.name}: {self.old!r} stands {text.count(self.old)} times"
        return text.replace(self.old, self.new)


VIEW_MUTANTS = (
    Mutant(
        "the edge's own day is cold",
        "orders.order_date >= edge.business_date",
        "orders.order_date > edge.business_date",
    ),
    Mutant(
        "the hot side begins a day late, as by a time zone",
        "orders.order_date >= edge.business_date",
        "orders.order_date >= timestampadd(day, 1, edge.business_date)",
    ),
    Mutant(
        "the hot side begins a day early, as by a time zone",
        "orders.order_date >= edge.business_date",
        "orders.order_date >= timestampadd(day, -1, edge.business_date)",
    ),
    Mutant(
        "an order's side goes by the time of its change",
        "orders.order_date >= edge.business_date",
        "cast(orders.updated_at as date) >= edge.business_date",
    ),
    Mutant("the date is not looked at", "or orders.order_date >= edge.business_date", ""),
    Mutant(
        "what gold has seen last is hot",
        "orders.change_lsn > edge.source_lsn",
        "orders.change_lsn >= edge.source_lsn",
    ),
    Mutant("late changes are not looked at", "or orders.change_lsn > edge.source_lsn", ""),
    Mutant("a deletion that gold cannot see is forgotten", "orders.is_deleted\n        or ", ""),
    Mutant("soft deletions are shown", "\n    and status <> 'deleted'", ""),
    Mutant("both sides are shown", "hot_candidates.order_id is null\n    and ", ""),
    Mutant(
        "gold loses orders that moved over the edge",
        "hot_candidates.order_id is null\n",
        "hot_candidates.order_id is null\n    and audited.order_date < edge.business_date\n",
    ),
    Mutant("gold outlives a truncation", "and truncation.lsn <= edge.source_lsn", ""),
    Mutant(
        "a truncation that gold has seen hides it",
        "truncation.lsn <= edge.source_lsn",
        "truncation.lsn < edge.source_lsn",
    ),
)

MERGE_MUTANTS = (
    Mutant(
        "an older change replaces a newer one",
        "or news.change_lsn > known.change_lsn\n        {%- endif %}",
        "or true\n        {%- endif %}",
    ),
    Mutant(
        "of a batch the oldest change is taken",
        "order by _ab_cdc_lsn desc, _airbyte_extracted_at desc",
        "order by _ab_cdc_lsn asc, _airbyte_extracted_at desc",
    ),
    Mutant(
        "deletions are not merged",
        "arrived._ab_cdc_deleted_at is not null or arrived._ab_cdc_lsn < truncation.lsn as is_deleted",
        "arrived._ab_cdc_lsn < truncation.lsn as is_deleted",
    ),
    Mutant(
        "a change from before a truncation lives",
        "arrived._ab_cdc_deleted_at is not null or arrived._ab_cdc_lsn < truncation.lsn as is_deleted",
        "arrived._ab_cdc_deleted_at is not null as is_deleted",
    ),
    Mutant("a truncation leaves gold's orders", "for rows in [table, gold] if rows", "for rows in [table]"),
    Mutant(
        "a truncation leaves hot orders", "for rows in [table, gold] if rows", "for rows in [gold] if rows"
    ),
)
