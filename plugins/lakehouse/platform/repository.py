"""Where the repository's own files are, seen from the library: no path is absolute, no setting needed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[3]
INCLUDE: Final = REPOSITORY / "include"
