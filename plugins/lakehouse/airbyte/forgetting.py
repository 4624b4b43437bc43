"""Deleting connections that no file declares, and the sources that only they read, on the server."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteRefusedError


def forget(client: AirbyteClient, names: Sequence[str], declared: Sequence[str]) -> list[str]:
    """Delete these connections, then each of their sources that is left without one; what was deleted.

    Airbyte forgets how far it has read. The lake and the source's own database keep what they have, a
    replication slot included. A connection that the server does not have is not missed.

    Args:
        client: of the server.
        names: of the connections.
        declared: the connections of include/airbyte/, which are not deleted.

    Raises:
        AirbyteRefusedError: one of them is declared, two have one name, or the server refuses; what was
            deleted before stays so.
    """
    if kept := sorted(set(names) & set(declared)):
        raise AirbyteRefusedError(
            f"include/airbyte/ declares {', '.join(kept)}: provision_platform would create it again; "
            "take the file out first"
        )
    held = list(client.listed("/connections"))
    done: list[str] = []
    sources: set[str] = set()
    for name in names:
        found = [each for each in held if each["name"] == name]
        if len(found) > 1:
            raise AirbyteRefusedError(
                f"Airbyte has {len(found)} connections named {name}: delete them in Airbyte"
            )
        for each in found:
            client.delete(f"/connections/{each['connectionId']}")
            sources.add(str(each["sourceId"]))
            done.append(f"connection {name}")
    still_read = {str(each["sourceId"]) for each in client.listed("/connections")}
    for source_id in sorted(sources - still_read):
        try:
            name = str(client.fetch(f"/sources/{source_id}")["name"])
            client.delete(f"/sources/{source_id}")
            done.append(f"source {name}")
        except AirbyteNotFoundError:
            continue
    return done
