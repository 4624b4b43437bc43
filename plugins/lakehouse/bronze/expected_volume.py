"""Is it right that so few rows landed?"""

from __future__ import annotations

from datetime import date

from lakehouse.bronze.contract import Contract, ZeroRows
from lakehouse.bronze.landing_ledger import LandingLedger
from lakehouse.errors import PermanentError


class VolumeBelowExpectedError(PermanentError):
    """Fewer rows landed than the contract expects, and nothing explains it."""


def explain_volume(
    contract: Contract, ledger: LandingLedger, business_date: date, rows_landed: int
) -> str | None:
    """Why the date holds fewer rows than expected; None if it does not.

    A date that is run after a later one finds that the later date's sync has taken its changes: Airbyte
    lands what changed since its last state, whatever the date. Such a date may be empty, unless each sync of
    the stream brings all rows.

    Raises:
        VolumeBelowExpectedError: the contract expects more, and no later date's sync came before this one.
    """
    if rows_landed >= contract.min_rows:
        return None if rows_landed or contract.min_rows else "no changes"
    later = ledger.synced_before(contract.source, business_date)
    if later is not None and not (rows_landed == 0 and contract.zero_rows is ZeroRows.REFUSE):
        return f"its changes arrived with the sync of {later}"
    why = (
        f"each sync of {contract.source} must bring some"
        if later is not None
        else "no later date's sync can have taken them"
    )
    raise VolumeBelowExpectedError(
        f"stream {contract.stream}, {business_date}: {rows_landed} rows landed, "
        f"include/contracts/{contract.stream}.yaml expects at least {contract.min_rows}, and {why}; nothing "
        "was published. Look at the extract stage's Airbyte job and at the source; when rows are there, run "
        "the extract stage with force_sync. If so few are right, lower expected_volume in the contract"
    )
