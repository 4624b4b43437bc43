"""`python -m lakehouse.observe.doctor [--json] [--only probe,group,...]`: what is wrong, and what to type.

It looks at every connection, version, clock, disk, secret, DAG, slot and file, and writes nothing. On the
embedded platform: `bin/doctor`. No secret is printed. Exit code: 0 nothing found, 1 something found, 2 some
probe could not look (what the others found is printed as well).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from lakehouse.observe.doctor.probes import all_probes, chosen
from lakehouse.observe.doctor.report import as_json, as_text
from lakehouse.observe.doctor.run import examine, exit_code
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.facts.redaction import Redactor
from lakehouse.observe.facts.secret_values import secrets_in
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.errors import LakehouseError


def main(arguments: Sequence[str] | None = None) -> int:
    """Look, and print."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.observe.doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    parser.add_argument("--only", default="", help="probes or groups, separated by commas")
    parser.add_argument("--list", action="store_true", help="list the probes, and look at nothing")
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    try:
        probes = chosen([word for word in options.only.split(",") if word])
    except LakehouseError as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(f"{probe.group:14} {probe.name}" for probe in probes))
        return 0
    around = Surroundings()
    outcomes = examine(probes, around)
    print((as_json if options.json else as_text)(outcomes, redactor(around)), flush=True)
    return exit_code(outcomes)


def redactor(around: Surroundings) -> Redactor:
    """Hides the secrets of the environment and of every connection, wherever Airflow keeps it."""
    held: dict[str, str] = dict(around.environ)
    conn_ids = {
        probe.name.partition(".")[2] for probe in all_probes() if probe.name.startswith("connections.")
    }
    for conn_id in sorted(conn_ids):
        try:
            connection: Any = around.connection(conn_id)
        except Exception:  # noqa: BLE001, S112 - one that cannot be read has nothing to show
            continue
        held[f"AIRFLOW_CONN_{conn_id.upper()}"] = connection.as_json()
    return Redactor(secrets_in(held))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # A probe that hangs has a thread: nothing waits for it.
    os._exit(code)
