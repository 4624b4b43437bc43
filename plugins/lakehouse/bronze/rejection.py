"""Why a partition is not published: the error that a broken contract is."""

from __future__ import annotations

from lakehouse.bronze.contract import Contract, OnTies
from lakehouse.bronze.partition_builder import BuiltPartition
from lakehouse.platform.errors import PermanentError


class ContractBrokenError(PermanentError):
    """The landed rows break the stream's contract beyond what it allows."""


def is_refused(contract: Contract, built: BuiltPartition) -> bool:
    """Too many bad rows, none that is good, or ties that the contract refuses?"""
    too_many = built.rows_quarantined > contract.allowed_bad_rows(built.rows_in)
    none_left = built.rows_in > 0 and built.rows_loaded == 0
    return too_many or none_left or _ties_refused(contract, built)


def broken_contract(
    contract: Contract, built: BuiltPartition, business_date: str, bad_rows_at: str, landing: str
) -> ContractBrokenError:
    """The error for what was built; what has become of the columns stands at its head.

    Args:
        contract: the stream's.
        built: what is not published.
        business_date: as it is told.
        bad_rows_at: where the quarantine file is.
        landing: the stream's folder in landing.
    """
    head = f"stream {contract.stream}, {business_date}: " + "".join(
        f"{sentence}; " for sentence in built.column_changes
    )
    file = f"include/contracts/{contract.stream}.yaml"
    if _ties_refused(contract, built):
        return ContractBrokenError(
            f"{head}{told_ties(contract, built)}, which {file} refuses (ties: refuse); the partition is left "
            f"as it was. Correct the key or the cursor, or allow ties there; landing is {landing}"
        )
    allowed = contract.allowed_bad_rows(built.rows_in)
    verdict = f"which allows {allowed}" if built.rows_quarantined > allowed else "and none is left"
    reasons = ", ".join(f"{column} {rows}" for column, rows in built.reasons.items())
    return ContractBrokenError(
        f"{head}{built.rows_quarantined} of {built.rows_in} rows break {file}, {verdict} "
        f"(bad rows by column: {reasons}); the partition is left as it was. "
        f"{_told_left_out(built)}See {bad_rows_at} and docs/runbooks/quarantine.md; landing is {landing}"
        + ("; bin/source check NAME compares the source with it" if built.column_changes else "")
    )


def _told_left_out(built: BuiltPartition) -> str:
    """A sentence about values that did not fit, with what lets their rows in; empty if there are none."""
    if not built.left_out:
        return ""
    columns = ", ".join(built.left_out)
    return (
        f"Airbyte has put NULL for values of {columns} that fit no file, such as infinity or NaN: if NULL "
        "will do, write nulled: allow for the column in the contract. "
    )


def told_ties(contract: Contract, built: BuiltPartition) -> str:
    """One clause: how many rows nothing tells apart, by what, and some of their keys."""
    by = ", ".join([*contract.key, *([contract.cursor] if contract.cursor else [])])
    rows = "1 row differs" if built.rows_tied == 1 else f"{built.rows_tied} rows differ"
    return f"{rows} from another one of the same {by} and sync ({'; '.join(built.tie_examples)})"


def _ties_refused(contract: Contract, built: BuiltPartition) -> bool:
    return contract.ties is OnTies.REFUSE and built.rows_tied > 0
