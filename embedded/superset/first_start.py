"""Runs `superset db upgrade`, `init` and `fab create-admin` in one process: each alone imports for seconds.

Runs in Superset's environment. Safe to repeat: it sets the administrator's password to the given one.
"""

import os
import sys

from superset.app import create_app
from superset.cli.main import superset


def main() -> None:
    app = create_app()
    _command(app, "db", "upgrade")
    _command(app, "init")
    with app.app_context():
        _administrator(app, os.environ["SUPERSET_USER"], os.environ["SUPERSET_PASSWORD"])


def _command(app, *arguments: str) -> None:  # type: ignore[no-untyped-def]  # Flask is not in the linting environment
    result = app.test_cli_runner().invoke(superset, args=list(arguments))
    print(result.output)
    if result.exit_code != 0:
        sys.exit(f"superset {' '.join(arguments)}: {result.exception!r}")


def _administrator(app, user: str, password: str) -> None:  # type: ignore[no-untyped-def]
    security = app.appbuilder.sm
    if found := security.find_user(username=user):
        security.reset_password(found.id, password)
        return
    role = security.find_role("Admin")
    if not security.add_user(user, "Lakehouse", "Admin", f"{user}@localhost", role, password):
        sys.exit(f"superset: cannot create the administrator {user}")


main()
