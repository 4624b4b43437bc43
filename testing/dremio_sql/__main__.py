"""Prints what Dremio would not parse of the project's SQL, with file and line; exits with 1 then.

python -m testing.dremio_sql [ROOT]     the project of another folder
"""

from __future__ import annotations

import sys
from pathlib import Path

from testing.dremio_sql.statements import fault_of, own_statements
from testing.repository import ROOT


def main(root: Path = ROOT) -> None:
    faults = [fault for statement in own_statements(root) if (fault := fault_of(statement)) is not None]
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
