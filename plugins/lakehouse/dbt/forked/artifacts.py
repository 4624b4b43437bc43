"""How a forked dbt writes its artifacts: the same bytes, by the encoder that is written in C.

dbt passes `json.dump` a file, which then encodes in Python, value by value: a quarter of the processor time of
a run of one model is the manifest, written twice.
"""

from __future__ import annotations

import json
from typing import Any


def write_at_once() -> None:
    """Let dbt encode a whole artifact before it writes it."""
    from dbt.artifacts.schemas import base
    from dbt.artifacts.schemas.run.v5 import run
    from dbt_common.clients.system import write_file
    from dbt_common.utils.encoding import JSONEncoder

    def write_json(path: str, data: dict[str, Any]) -> bool:
        return bool(write_file(path, json.dumps(data, cls=JSONEncoder)))

    base.write_json = write_json
    run.write_json = write_json
