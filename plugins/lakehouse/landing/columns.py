"""The columns of what Airbyte lands: those that it adds, and how it writes the names of a source's own."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

RAW_ID: Final = "_airbyte_raw_id"
EXTRACTED_AT: Final = "_airbyte_extracted_at"
GENERATION_ID: Final = "_airbyte_generation_id"
META: Final = "_airbyte_meta"
SYNC_LEAF: Final = f"{META}.sync_id"
"""The Airbyte job of a row."""
CHANGES_LEAF: Final = f"{META}.changes"
"""What became of fields of a row on their way: a list of `{field, change, reason}`."""
AIRBYTE_COLUMNS: Final = frozenset({RAW_ID, EXTRACTED_AT, GENERATION_ID, META})

SYNC_ID: Final = "_airbyte_sync_id"
"""Name of SYNC_LEAF once it is a column of its own, in bronze."""

CDC_LSN: Final = "_ab_cdc_lsn"
CDC_UPDATED_AT: Final = "_ab_cdc_updated_at"
CDC_DELETED_AT: Final = "_ab_cdc_deleted_at"

ADDED_COLUMNS: Final = AIRBYTE_COLUMNS | {CDC_LSN, CDC_UPDATED_AT, CDC_DELETED_AT}
"""What Airbyte adds to a row of a database."""


def landed_name(name: str) -> str:
    """The name under which a source's column lands: `Order_Nr` of `Order Nr`, `_2025` of `2025`.

    Airbyte's S3 destination writes names that Avro can have (`toAvroSafeName` of its CDK): letters without
    accents, one underscore for a run of blanks and for every other character that is not an ASCII letter or
    digit, and one before a leading digit.
    """
    letters = "".join(
        each for each in unicodedata.normalize("NFKD", name) if not unicodedata.category(each).startswith("M")
    )
    plain = re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"[ \t\n\v\f\r]+", "_", letters))
    return f"_{plain}" if plain[:1].isdigit() else plain
