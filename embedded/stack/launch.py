"""Becomes a program: `python launch.py <specification.json>` sets its environment and execs it.

supervisord's own `environment=` cannot hold every value (it has no escape for quotes), and its
configuration would show secrets in more places. The specification is readable by its owner only.
Runs isolated (`python -I`), so the standard library is all it may use.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    specification = json.loads(Path(sys.argv[1]).read_text())
    os.chdir(specification["folder"])
    os.nice(specification["nice"])
    os.execvpe(specification["argv"][0], specification["argv"], specification["environment"])  # noqa: S606


main()
