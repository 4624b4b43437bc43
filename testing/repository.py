"""Where this repository is, and the Python of its embedded environment."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = ROOT / ".local" / "envs" / "embedded" / "bin" / "python"
