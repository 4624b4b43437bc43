"""Where the platform of a state folder is: the ports and the receipts folder of its last start.

A later command, from another shell or from cron, finds the platform there, and starts nothing elsewhere. What
the command's own environment says goes before; an empty variable asks for the default.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from embedded.settings import PORT_VARIABLES, RECEIPTS_DIR, Settings, state_folder
from embedded.stack.private_files import write_private

REMEMBERED: Final = "place.json"


def recalled(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, with what the last start was told and this command is not."""
    try:
        kept = json.loads((state_folder(environ) / REMEMBERED).read_text(encoding="utf-8"))
        kept = {name: str(kept[name]) for name in (*PORT_VARIABLES, RECEIPTS_DIR) if name in kept}
    except (OSError, ValueError, TypeError):
        kept = {}
    if any(name in environ for name in PORT_VARIABLES):
        kept = {name: value for name, value in kept.items() if name not in PORT_VARIABLES}
    return {**kept, **environ}


def remember_place(settings: Settings) -> None:
    """Keep it for the commands that follow."""
    told = dict(settings.port_variables)
    if settings.receipts_dir != Settings.from_environ({}).receipts_dir:
        told[RECEIPTS_DIR] = str(settings.receipts_dir)
    path = settings.state_dir / REMEMBERED
    if told:
        write_private(path, json.dumps(told, indent=1, sort_keys=True) + "\n")
    else:
        path.unlink(missing_ok=True)
