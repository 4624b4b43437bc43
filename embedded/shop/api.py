"""The shop's REST API: shipments, in pages, behind a bearer token."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import psycopg
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from psycopg_pool import ConnectionPool, PoolTimeout

PAGE_LIMIT = 10_000
"""Largest page; a greater `limit` is refused with 422."""

_PAGE_SQL = """
select coalesce(json_agg(row_to_json(page)), '[]'::json)::text
from (
    select
        shipment_id,
        order_id,
        carrier,
        status,
        to_char(shipped_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') as shipped_at,
        to_char(delivered_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') as delivered_at,
        to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US') as updated_at
    from shipments
    where updated_at >= %(updated_after)s
    order by shipments.updated_at, shipment_id
    limit %(limit)s offset %(offset)s
) as page
"""
_TOTAL_SQL = "select count(*) from shipments where updated_at >= %(updated_after)s"


def create_app(conninfo: str, token: str) -> FastAPI:
    """The API on the database at `conninfo`; every request except /health needs `Authorization: Bearer
    <token>`.
    """
    if not token:
        raise ValueError("SHOP_API_TOKEN is empty: the shop's API needs a token")
    pool = ConnectionPool(conninfo, min_size=0, max_size=4, timeout=10, open=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        pool.open(wait=False)
        yield
        pool.close(timeout=2)

    app = FastAPI(title="Shop API", lifespan=lifespan, docs_url=None, redoc_url=None)

    def authorized(authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
            raise HTTPException(401, "missing or wrong bearer token", {"WWW-Authenticate": "Bearer"})

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/v1/shipments", dependencies=[Depends(authorized)])
    def shipments(
        updated_after: dt.datetime = dt.datetime(1970, 1, 1),
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 100,
    ) -> Response:
        """Shipments changed at or after `updated_after` (UTC), ordered by the time of their change.

        The bound is inclusive, so that a client that continues from its last `updated_at` loses no row with
        the same timestamp.
        """
        moment = (
            updated_after.astimezone(dt.UTC).replace(tzinfo=None) if updated_after.tzinfo else updated_after
        )
        arguments = {"updated_after": moment, "offset": offset, "limit": limit}
        try:
            with pool.connection() as connection:
                page = connection.execute(_PAGE_SQL, arguments).fetchone()
                total = connection.execute(_TOTAL_SQL, arguments).fetchone()
        except psycopg.errors.UndefinedTable:
            return Response('{"data":[],"total":0}', media_type="application/json")
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise HTTPException(
                503, f"the shop's database does not answer: {error}", {"Retry-After": "2"}
            ) from error
        if page is None or total is None:
            raise RuntimeError("an aggregate returned no row")
        return Response(f'{{"data":{page[0]},"total":{total[0]}}}', media_type="application/json")

    return app
