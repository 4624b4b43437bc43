"""Prints what Dremio would not parse of the project's SQL, with file and line; exits with 1 then."""

from __future__ import annotations

import sys

from testing.dremio_sql.statements import fault_of, own_statements


def main() -> None:
    faults = [fault for statement in own_statements() if (fault := fault_of(statement)) is not None]
    for fault in dict.fromkeys(faults):
        print(fault, file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
