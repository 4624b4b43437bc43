"""Moving the edge between hot and cold, when a night has published gold. Nothing else moves it.

The loop of the stream asks between two batches, and the verification of the seam before it compares: so the
edge also moves while the stream is stopped. Both may ask at once and as often as they like.
"""

from __future__ import annotations

from typing import Any, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import quote_path, read_sql, render_sql
from lakehouse.stream.edge_position import Claim, Position, current_position, next_position, read_position
from lakehouse.stream.hot_layout import EDGE_TABLE
from lakehouse.stream.serving import ServingViews

COLD_SOURCE: Final = "postgres"
"""The source, as landing spells it, whose syncs bring gold its orders."""

_LOCK: Final = Lock("edge", "serving")


class Edge:
    """The edge: kept in PostgreSQL (`serving_edge`), shown to queries by Dremio (`hot.edge`)."""

    def __init__(self, client: DremioClient, postgres: PostgresConnections) -> None:
        self._client = client
        self._postgres = postgres

    def current(self) -> Position:
        """Where it is."""
        return current_position(self._postgres)

    def advance(self) -> Position:
        """Move it if a night has published since; where it is now, and the date that holds it, if one does.

        Raises: as DremioClient does; PlatformDatabaseUnavailableError. The edge is then where it was, or has
        moved in Dremio only: the next call moves the rest.
        """
        with transaction(self._postgres, _LOCK) as cursor:
            current = read_position(cursor)
            wanted = next_position(self._claims(cursor), current)
            if (wanted.business_date, wanted.source_lsn) == (current.business_date, current.source_lsn):
                return wanted
            # The views show gold before the edge says that it has rows.
            ServingViews(self._client).ensure()
            values = {
                "table": quote_path(EDGE_TABLE),
                "business_date": wanted.business_date.isoformat(),
                "source_lsn": wanted.source_lsn,
            }
            self._client.run(render_sql("dremio/stream/move_edge.sql", values))
            cursor.execute(
                read_sql("postgres/stream/insert_edge.sql"),
                {"business_date": wanted.business_date, "source_lsn": wanted.source_lsn},
            )
            moved = read_position(cursor)
            return Position(moved.business_date, moved.source_lsn, moved.moved_at, wanted.held_by)

    def _claims(self, cursor: Any) -> list[Claim]:
        cursor.execute(read_sql("postgres/stream/insert_published_claims.sql"), {"source": COLD_SOURCE})
        cursor.execute(read_sql("postgres/stream/select_cold_claims.sql"), {"source": COLD_SOURCE})
        return [Claim(day, published, lsn) for day, lsn, published in cursor.fetchall()]
