"""Enterprise Edition's privileges in front of the APIs of sources."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.engine_with_reflections import ReflectedEngine
from tests.support.rest_on_a_port import logged_in, served

PASSWORD = "a-password-1"


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ReflectedEngine, str]]:
    engine = ReflectedEngine(tmp_path_factory.mktemp("enterprise"), edition="enterprise")
    with served(engine.services) as url:
        yield engine, url
    engine.close()


@pytest.fixture(scope="module")
def admin(enterprise: tuple[ReflectedEngine, str]) -> httpx.Client:
    engine, url = enterprise
    return logged_in(url, engine.services.settings.user, engine.services.settings.password)


def user(enterprise: tuple[ReflectedEngine, str], admin: httpx.Client, name: str) -> httpx.Client:
    body = {"name": name, "firstName": "f", "lastName": "l", "email": f"{name}@shop.io", "password": PASSWORD}
    admin.post("/api/v3/user", json=body).raise_for_status()
    return logged_in(enterprise[1], name, PASSWORD)


def nas(engine: ReflectedEngine, name: str) -> dict[str, object]:
    root = engine.services.settings.nas_root
    assert isinstance(root, Path)
    return {"type": "NAS", "name": name, "config": {"path": str(root / name)}}


def test_a_source_is_made_changed_and_seen_by_who_may(
    enterprise: tuple[ReflectedEngine, str], admin: httpx.Client
) -> None:
    engine, _ = enterprise
    bob, eve = user(enterprise, admin, "bob"), user(enterprise, admin, "eve")
    put = bob.put("/apiv2/source/own", json=nas(engine, "own"))
    assert put.status_code == 403
    assert "CREATE SOURCE" in put.json()["errorMessage"]
    assert bob.post("/api/v3/source", json=nas(engine, "own")).status_code == 403
    engine.services.runner.run("grant create source on system to user bob", (), engine.services.settings.user)
    made = bob.put("/apiv2/source/own", json=nas(engine, "own"))
    assert made.status_code == 200, made.text
    older = bob.post("/api/v3/source", json=nas(engine, "older")).json()
    for path in ("/apiv2/source/own", f"/api/v3/source/{older['id']}"):
        assert bob.get(path).status_code == 200
        assert eve.get(path).status_code == 403
        assert eve.put(path, json={**nas(engine, "own"), "tag": made.json()["tag"]}).status_code == 403
        assert eve.delete(path).status_code == 403
    assert [s["name"] for s in eve.get("/api/v3/source").json()["data"]] == []
    assert {"own", "older"} <= {s["name"] for s in bob.get("/api/v3/source").json()["data"]}
    assert eve.put("/apiv2/source/own/folder_format/x", json={"type": "Parquet"}).status_code == 403
    assert bob.delete("/apiv2/source/own").status_code == 204
    assert bob.delete(f"/api/v3/source/{older['id']}").status_code == 200


def test_an_owner_stays_who_made_it_when_another_changes_it(
    enterprise: tuple[ReflectedEngine, str], admin: httpx.Client
) -> None:
    engine, _ = enterprise
    ann = user(enterprise, admin, "ann")
    made = admin.put("/apiv2/source/shared", json=nas(engine, "shared")).json()
    engine.services.runner.run("grant modify on source shared to user ann", (), engine.services.settings.user)
    changed = ann.put("/apiv2/source/shared", json={**nas(engine, "shared"), "tag": made["tag"]})
    assert changed.status_code == 200, changed.text
    assert engine.services.access.owner(("shared",)) == ("user", engine.services.settings.user)
