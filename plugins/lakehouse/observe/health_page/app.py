"""The page's routes: HTML, the same data as JSON, acknowledging an incident, and the static files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response, status
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.observe.health_page import access
from lakehouse.observe.health_page.connection import OneConnection
from lakehouse.observe.health_page.html import (
    STATIC,
    Visitor,
    page_html,
    refusal_html,
    section_digest,
)
from lakehouse.observe.health_page.log_page import log_router
from lakehouse.observe.health_page.reading import ANSWER_SECONDS, Reader, as_json, in_words
from lakehouse.observe.health_page.sections import shown_night, shown_sections
from lakehouse.observe.incidents.reading import UnknownIncidentError
from lakehouse.observe.incidents.record import acknowledge
from lakehouse.platform.database import PostgresConnections, platform_postgres

PROTECTION: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing from elsewhere, nothing inline, shown only in Airflow's own frame."""


def utc_now() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


def health_app(
    connect: Callable[[], PostgresConnections] = platform_postgres,
    now: Callable[[], datetime] = utc_now,
    answer_seconds: float = ANSWER_SECONDS,
) -> FastAPI:
    """The application that Airflow's API server mounts under `/lakehouse`.

    Args:
        connect: opens the platform's PostgreSQL.
        now: the clock.
        answer_seconds: when a page is shown with what could be read by then.
    """
    app = FastAPI(title="Pipeline health", docs_url=None, redoc_url=None, openapi_url=None)
    reader = Reader(connect, shown_night, answer_seconds)

    @app.middleware("http")
    async def protect(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        for name, value in PROTECTION.items():
            response.headers.setdefault(name, value)
        return response

    @app.exception_handler(access.NotSignedInError)
    async def sign_in(request: Request, _: Exception) -> Response:
        return RedirectResponse(_sign_in_address(request), status.HTTP_303_SEE_OTHER)

    @app.exception_handler(HTTPException)
    async def refuse(request: Request, refusal: HTTPException) -> Response:
        if "text/html" in request.headers.get("Accept", ""):
            return HTMLResponse(refusal_html(refusal.status_code, str(refusal.detail)), refusal.status_code)
        return JSONResponse({"detail": refusal.detail}, refusal.status_code)

    @app.get("/health", response_class=HTMLResponse)
    def page(
        user: Annotated[BaseUser, Depends(access.reader_of_page)], date: str | None = None
    ) -> HTMLResponse:
        read = reader.read(shown_sections(), now(), _night(date))
        return HTMLResponse(page_html(read, _visitor(user), is_newest=not date))

    @app.get("/health.json")
    def data(user: Annotated[BaseUser, Depends(access.reader)], date: str | None = None) -> JSONResponse:
        read = reader.read(shown_sections(), now(), _night(date))
        visitor = _visitor(user)
        return JSONResponse(
            {
                "business_date": read.asked.night.isoformat(),
                "read_at": read.asked.now.isoformat(),
                "sections": {each.name: as_json(each) for each in read.reads},
                "digests": {each.name: section_digest(each, read.asked, visitor) for each in read.reads},
            }
        )

    @app.post("/incidents/{incident_id}/acknowledge")
    def acknowledge_incident(
        request: Request,
        incident_id: int,
        user: Annotated[BaseUser, Depends(access.operator)],
        form_token: Annotated[str | None, Form()] = None,
        date: Annotated[str | None, Form()] = None,
    ) -> RedirectResponse:
        access.require_own_form(request, user, form_token)
        night = _night(date)
        connection = OneConnection(connect(), read_only=False)
        try:
            acknowledge(connection, incident_id, _name(user))
        except UnknownIncidentError as unknown:
            raise HTTPException(status.HTTP_404_NOT_FOUND, str(unknown)) from unknown
        except Exception as problem:
            raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, in_words(problem)) from problem
        finally:
            connection.close()
        back = f"../../health?date={night}" if night else "../../health"
        return RedirectResponse(f"{back}#incidents", status.HTTP_303_SEE_OTHER)

    app.include_router(log_router())
    app.mount("/static", _Static(directory=STATIC), name="static")
    return app


class _Static(StaticFiles):
    """Kept by browsers: the page asks for them by their content's hash."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


def _night(text: str | None) -> date | None:
    """The date that a page is asked for. Raises HTTPException 400 for what is not one."""
    if not text:
        return None
    try:
        return parse_business_date(text)
    except BusinessDateError as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, str(error)) from error


def _visitor(user: BaseUser) -> Visitor:
    return Visitor(_name(user), access.form_token(user), access.may_operate(user))


def _name(user: BaseUser) -> str:
    return str(user.get_name() or user.get_id())


def _sign_in_address(request: Request) -> str:
    """Airflow's sign-in, which leads back to the page; below whatever path Airflow is served under."""
    mounted = request.scope.get("root_path", "")
    airflow = mounted.removesuffix("/lakehouse")
    query = f"?{request.url.query}" if request.url.query else ""
    path = request.scope["path"].removeprefix(mounted)
    back = quote(f"{mounted}{path}{query}", safe="")
    return f"{airflow}/api/v2/auth/login?next={back}"
