"""The columns that Airbyte adds to what it lands, as its S3 destination and its CDC sources name them."""

from __future__ import annotations

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
