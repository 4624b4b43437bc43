"""What the user is told of a connection without values: which, what it lacks, and where to write it."""

from __future__ import annotations

from embedded.composition.platform import Platform


def left_out(platform: Platform) -> list[str]:
    """One line for each connection that Airflow does not get. Raises PlatformError when the files cannot be
    read."""
    return [
        f"connection {conn_id} is left out: {', '.join(names)} {_has_no_value(names)}. "
        f"Write {_it(names)} to {platform.user.env_file} and run `make up`"
        for conn_id, names in platform.airflow.left_out.items()
    ]


def _has_no_value(names: tuple[str, ...]) -> str:
    return "has no value" if len(names) == 1 else "have no values"


def _it(names: tuple[str, ...]) -> str:
    return "it" if len(names) == 1 else "them"
