"""The page in front of a database that is not there, behind Airflow's real sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from airflow.api_fastapi import app as airflow_app
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.auth.middlewares.refresh_token import JWTRefreshMiddleware
from airflow.models.revoked_token import RevokedToken
from airflow.settings import get_engine
from fastapi import FastAPI
from fastapi.testclient import TestClient

from lakehouse.observe.health_page.app import health_app
from lakehouse.observe.health_page.mounted import PREFIX

ROLES = ("viewer", "user", "op", "admin")


class NoPostgres:
    """A PostgreSQL that is away."""

    def get_conn(self) -> Any:
        from psycopg import OperationalError

        raise OperationalError("connection refused")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The page mounted as Airflow mounts it, with Airflow's own session middleware and auth manager."""
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "secret of these tests")
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a secret of these tests that is long enough " * 2)
    users = ",".join(f"{role}:{role}" for role in ROLES)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
    # Airflow asks its database whether a token was revoked.
    RevokedToken.__table__.create(get_engine(), checkfirst=True)
    airflow_app.purge_cached_app()
    root = FastAPI()
    airflow_app.init_auth_manager(root)
    root.mount(PREFIX, health_app(NoPostgres))
    root.add_middleware(JWTRefreshMiddleware)
    with TestClient(root, base_url="http://airflow.test", follow_redirects=False) as client:
        yield client
    airflow_app.purge_cached_app()


def user_of(role: str | None) -> SimpleAuthManagerUser:
    """The user of that role, who has its name; without a role a user may do nothing."""
    return SimpleAuthManagerUser(username=role or "nobody", role=role)


def token_of(role: str | None) -> str:
    """What Airflow's sign-in gives a user of that role."""
    return airflow_app.get_auth_manager().generate_jwt(user_of(role))


def sign_in(site: TestClient, role: str | None) -> TestClient:
    """The browser of a user of that role."""
    site.cookies.set("_token", token_of(role), domain="airflow.test")
    return site
