"""What the user is told of a connection that cannot be made of the values: which, why, and where they are."""

from __future__ import annotations

from embedded.composition.platform import Platform


def left_out(platform: Platform) -> list[str]:
    """One line for each connection that Airflow does not get. Raises PlatformError when the files cannot be
    read."""
    return [
        f"connection {conn_id} is left out: {why}. Correct {platform.user.env_file} and run `make up`"
        for conn_id, why in platform.airflow.left_out.items()
    ]
