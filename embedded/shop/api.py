"""The shop's REST API: shipments, in pages, behind a bearer token."""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import psycopg
from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from psycopg_pool import ConnectionPool, PoolTimeout

PAGE_LIMIT = 10_000
"""Largest page; a greater `limit` is refused with 422."""

_PAGE_SQL = """
select
    coalesce(json_agg(row_to_json(page)), '[]'::json)::text,
    case when count(*) = %(limit)s then (array_agg(page.updated_at || ',' || page.shipment_id))[%(limit)s] end
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
    where updated_at >= %(updated_after)s{after}
    order by shipments.updated_at, shipment_id
    limit %(limit)s offset %(offset)s
) as page
"""
_AFTER = " and (shipments.updated_at, shipment_id) > (%(last_updated_at)s, %(last_shipment_id)s)"
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
        page_token: str = "",
    ) -> Response:
        """Shipments changed at or after `updated_after` (UTC), ordered by the time of their change.

        The bound is inclusive, so that a client that continues from its last `updated_at` loses no row with
        the same timestamp. `next_page_token` continues after a full page, and is null after
        any other. It loses no row; an `offset` does, when rows before it change meanwhile. `total` counts the
        rows of all pages.
        """
        moment = (
            updated_after.astimezone(dt.UTC).replace(tzinfo=None) if updated_after.tzinfo else updated_after
        )
        arguments: dict[str, Any] = {"updated_after": moment, "offset": offset, "limit": limit}
        if page_token:
            arguments |= _last_row(page_token)
        try:
            with pool.connection() as connection:
                query = _PAGE_SQL.format(after=_AFTER if page_token else "")
                page = connection.execute(query.encode(), arguments).fetchone()
                total = connection.execute(_TOTAL_SQL, arguments).fetchone()
        except psycopg.errors.UndefinedTable:
            return Response('{"data":[],"total":0,"next_page_token":null}', media_type="application/json")
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise HTTPException(
                503, f"the shop's database does not answer: {error}", {"Retry-After": "2"}
            ) from error
        if page is None or total is None:
            raise RuntimeError("an aggregate returned no row")
        body = f'{{"data":{page[0]},"total":{total[0]},"next_page_token":{json.dumps(page[1])}}}'
        return Response(body, media_type="application/json")

    return app


def _last_row(page_token: str) -> dict[str, Any]:
    """Where the page before ended. Raises HTTPException 422."""
    updated_at, _, shipment_id = page_token.partition(",")
    try:
        return {
            "last_updated_at": dt.datetime.fromisoformat(updated_at),
            "last_shipment_id": int(shipment_id),
        }
    except ValueError as error:
        raise HTTPException(422, f"page_token {page_token!r} is not a next_page_token") from error
