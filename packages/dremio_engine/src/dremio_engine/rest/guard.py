"""Enterprise Edition's access control of the Catalog and Reflection APIs, in front of their routes."""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from dremio_engine.access.privileges import ALTER, ALTER_REFLECTION, VIEW_REFLECTION
from dremio_engine.access.visibility import CURRENT_USER
from dremio_engine.catalog.entities import FOLDER_PREFIX, folder_path
from dremio_engine.errors import NotFound
from dremio_engine.paths import Path, dotted
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices, Services
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements.commands import CreateView

CATALOG = "/api/v3/catalog"
SUFFIXES = ("/collaboration/wiki", "/collaboration/tag", "/refresh", "/grants")


async def guard_catalog(
    request: Request, services: CurrentServices, user: CurrentUser
) -> AsyncIterator[None]:
    """Raises Forbidden. A new object belongs to who made it; a deleted one's grants are forgotten."""
    if not services.access.enforced:
        yield
        return
    CURRENT_USER.set(user)
    path = await run_in_threadpool(_check_catalog, request, await _body(request), services, user)
    yield
    if path:
        await run_in_threadpool(_note, request.method, path, services, user)


async def guard_sources(
    request: Request, services: CurrentServices, user: CurrentUser
) -> AsyncIterator[None]:
    """The same for the two APIs of sources."""
    if not services.access.enforced:
        yield
        return
    CURRENT_USER.set(user)
    path = await run_in_threadpool(_check_source, request, await _body(request), services, user)
    yield
    if path:
        # A source that was put where there was none is made, as by a POST.
        method = "DELETE" if request.method == "DELETE" else "POST"
        await run_in_threadpool(_note, method, path, services, user)


async def guard_reflections(request: Request, services: CurrentServices, user: CurrentUser) -> None:
    """Raises Forbidden."""
    if services.access.enforced and not services.access.is_admin(user):
        await run_in_threadpool(_check_reflection, request, await _body(request), services, user)


async def _body(request: Request) -> dict[str, Any]:
    """What a change says; one that says nothing readable is refused by its route."""
    try:
        found = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _check_catalog(request: Request, body: dict[str, Any], services: Services, user: str) -> Path:
    """The path that the request makes, changes or deletes; empty when it only reads."""
    raw = request.scope["raw_path"].decode().split("?")[0]
    rest = raw.split(CATALOG, 1)[1].strip("/")
    reads = request.method == "GET"
    if not rest:
        return () if reads else _check_new(body, services, user)
    path: Path
    if rest.startswith("by-path/"):
        path = tuple(unquote(part) for part in rest.removeprefix("by-path/").split("/") if part)
        suffix = ""
    else:
        entity_id = unquote(rest)
        suffix = next((s for s in SUFFIXES if entity_id.endswith(s)), "")
        found = _path_of(entity_id.removesuffix(suffix), services)
        if found is None:
            return ()
        path = found
    if reads:
        if not services.access.sees(user, path):
            raise services.access.denied(f"User '{user}' may not see [{dotted(path)}].")
        return ()
    needed: tuple[str, ...] = (ALTER_REFLECTION,) if suffix == "/refresh" else (ALTER, "MODIFY")
    if request.method == "DELETE":
        needed = (ALTER, "MODIFY", "DROP")
    services.access.check(user, path, *needed)
    return () if suffix else path


def _check_source(request: Request, body: dict[str, Any], services: Services, user: str) -> Path:
    """The path of the source that the request makes or deletes; empty when there is nothing to note."""
    parameters = request.path_params
    if source_id := parameters.get("source_id"):
        path = _path_of(source_id, services) or ()
    else:
        name = parameters.get("name") or body.get("name")
        path = (str(name),) if name else ()
    if request.method == "GET":
        if path and not services.access.sees(user, path):
            raise services.access.denied(f"User '{user}' may not see [{dotted(path)}].")
        return ()
    if not path or services.inventory.store.by_path(path) is None:
        services.access.check(user, (), "CREATE SOURCE")
        return path
    needed = (ALTER, "MODIFY", "DROP") if request.method == "DELETE" else (ALTER, "MODIFY")
    services.access.check(user, path, *needed)
    return path if request.method == "DELETE" else ()


def _check_new(body: dict[str, Any], services: Services, user: str) -> Path:
    path = tuple(str(part) for part in body.get("path") or [body.get("name") or ""])
    match str(body.get("entityType")).lower():
        case "space":
            services.access.check_admin(user, f"create space [{dotted(path)}]")
        case "source":
            services.access.check(user, (), "CREATE SOURCE")
        case "dataset" if body.get("type") == "VIRTUAL_DATASET":
            context = tuple(str(part) for part in body.get("sqlContext") or ())
            sql = str(body.get("sql") or "")
            view = CreateView(path, sql, replace=False)
            services.statement_access.authorize(Statement(view, context, user, sql))
        case _:
            services.access.check(user, path[:-1], ALTER)
    return path


def _path_of(entity_id: str, services: Services) -> Path | None:
    if entity_id.startswith(FOLDER_PREFIX):
        return folder_path(entity_id)
    if (entity := services.inventory.store.by_id(entity_id)) is not None:
        return entity.path
    try:
        return services.inventory.dataset_by_id(entity_id)
    except NotFound:
        return None


def _note(method: str, path: Path, services: Services, user: str) -> None:
    gone = services.inventory.store.by_path(path) is None and services.inventory.lake_table(path) is None
    if method == "DELETE" and gone:
        services.access.grants.forget(path)
    elif method == "POST" and not gone:
        services.access.own(path, user)


def _check_reflection(request: Request, body: dict[str, Any], services: Services, user: str) -> None:
    needed = (VIEW_REFLECTION, ALTER_REFLECTION) if request.method == "GET" else (ALTER_REFLECTION,)
    parameters = request.path_params
    dataset_id = parameters.get("dataset_id") or body.get("datasetId")
    if reflection_id := parameters.get("reflection_id"):
        dataset_id = services.reflections.get(reflection_id).dataset_id
    path = _path_of(str(dataset_id), services) if dataset_id else ()
    # Without a dataset it is about all of them.
    services.access.check(user, path or (), *needed)
