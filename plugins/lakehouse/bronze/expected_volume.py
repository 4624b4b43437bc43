"""Is it right that so few rows landed?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from lakehouse.bronze.contract import Contract, ZeroRows
from lakehouse.bronze.unloaded_claims import UnloadedClaim, tell
from lakehouse.landing.ledger import LandingLedger
from lakehouse.platform.errors import PermanentError


class VolumeBelowExpectedError(PermanentError):
    """Fewer rows landed than the contract expects, and nothing explains it."""


def explain_volume(
    contract: Contract,
    ledger: LandingLedger,
    elsewhere: Sequence[UnloadedClaim],
    business_date: date,
    rows_landed: int,
    list_is_empty: bool = False,
) -> str | None:
    """Why the date holds fewer rows than expected; None if it does not.

    Airbyte lands what changed since its last state, whatever the date. So a date that is run late, after a
    later one or in a backfill of several, may find that another date's sync has taken its changes. Such a
    date may be empty, unless each sync of the stream brings all rows. A date that is run in its own night
    has no such excuse.

    The reason is published with the partition: it must not depend on what has been loaded meanwhile.

    Args:
        contract: the stream's.
        ledger: which date had which sync.
        elsewhere: what other dates have claimed of the stream and is not in bronze, for the error to name.
        business_date: the date that is being loaded.
        rows_landed: what it has claimed of the stream.
        list_is_empty: does the date's last sync say that the whole list had no row?

    Raises:
        VolumeBelowExpectedError: the contract expects more, and no other date's sync can have brought it.
    """
    # Rows of the date's earlier syncs do not excuse a last one that found nothing.
    found_some = rows_landed > 0 and not list_is_empty
    if rows_landed >= contract.min_rows and found_some:
        return None
    other = ledger.synced_before(contract.source, business_date)
    refused = not found_some and contract.zero_rows is ZeroRows.REFUSE
    if rows_landed >= contract.min_rows and not refused:
        if list_is_empty:
            return "the list is empty at the source"
        return "no changes" if other is None else f"no changes, or they arrived with the sync of {other}"
    if other is not None and not refused:
        return f"its changes arrived with the sync of {other}"
    least = max(contract.min_rows, 1 if refused else 0)
    rows = "the last sync brought 0 rows" if rows_landed and list_is_empty else f"{rows_landed} rows landed"
    why = (
        f"each sync of {contract.source} must bring some"
        if other is not None
        else "no other date's sync can have taken them"
    )
    raise VolumeBelowExpectedError(
        f"stream {contract.stream}, {business_date}: {rows}, "
        f"include/contracts/{contract.stream}.yaml expects at least {least}, and {why}; nothing "
        "was published. Look at the extract stage's Airbyte job and at the source; when rows are there, run "
        "the extract stage with force_sync. If so few are right, lower expected_volume in the contract"
        + (": zero_rows: allow" if refused else "")
        + "".join(f"; {sentence}" for sentence in tell(elsewhere))
    )
