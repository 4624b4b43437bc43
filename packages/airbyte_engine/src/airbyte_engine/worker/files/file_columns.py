"""What Airbyte adds to a record of a file."""

from __future__ import annotations

from typing import Final

from airbyte_engine.worker.column_names import ADDED_TO_ROWS

LAST_MODIFIED: Final = "_ab_source_file_last_modified"
"""The cursor."""
URL: Final = "_ab_source_file_url"
"""The file that the record came from."""
ADDED: Final = ADDED_TO_ROWS | {LAST_MODIFIED, URL}
