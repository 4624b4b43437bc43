"""Fields that the connector left out, as their values did not fit: NULL, with a note in Airbyte's struct."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.landing.columns import CHANGES_LEAF, META, landed_name

NULLED: Final = "NULLED"
ROW_IS_GONE: Final = "SOURCE_RETRIEVAL_ERROR"
"""Of a row from the log: it was deleted before the value was read from the table. Its deletion follows."""


def nulled_fields(batch: pa.RecordBatch) -> Iterator[tuple[int, str, str]]:
    """Position in the batch, column and Airbyte's reason of everything that was left out.

    Airbyte notes what the source calls the field, which may be another name than that of the column.
    """
    changes = _changes(batch)
    if changes is None:
        return
    changed = pc.fill_null(pc.greater(pc.list_value_length(changes), 0), False)
    for position in pc.indices_nonzero(changed).to_pylist():
        for each in changes[position].as_py():
            if each["change"] == NULLED:
                yield position, landed_name(str(each["field"])), str(each["reason"])


def may_have_nulled(group: pq.RowGroupMetaData, schema: pa.Schema) -> bool:
    """Can a row of the row group have such a field, as far as the footer tells?"""
    if META not in schema.names or not pa.types.is_struct(schema.field(META).type):
        return False
    leaves = [group.column(number) for number in range(group.num_columns)]
    changes = [leaf for leaf in leaves if leaf.path_in_schema.startswith(f"{CHANGES_LEAF}.")]
    return any(leaf.statistics is None or leaf.statistics.num_values > 0 for leaf in changes)


def _changes(batch: pa.RecordBatch) -> pa.Array | None:
    if META not in batch.schema.names:
        return None
    kind = batch.schema.field(META).type
    if not pa.types.is_struct(kind) or kind.get_field_index("changes") < 0:
        return None
    return pc.struct_field(batch.column(META), "changes")
