"""The Enterprise switch: users, roles and grants, enforced whatever the way in."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess, StatementFailed
from testing.repository import ROOT

DBT = ROOT / ".local/envs/dbt/bin/dbt"
PASSWORD = "an0ther-secret"


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine of Enterprise Edition with a source, a space, two tables, a view, and users bob and eve."""
    process = EngineProcess(tmp_path_factory.mktemp("enterprise"))
    process.start(DREMIO_EDITION="enterprise")
    admin = process.client()
    config = {"path": f"{process.state}/nas"}
    source = {"entityType": "source", "type": "NAS", "name": "lake", "config": config}
    assert admin.create(source).status_code == 200
    assert admin.create({"entityType": "space", "name": "work"}).status_code == 200
    admin.sql("create table lake.sales.orders as select 1 as id, 'a' as name")
    admin.sql("create table lake.hr.pay as select 1000 as pay")
    admin.sql("create view work.total as select sum(pay) as total from lake.hr.pay")
    for name in ("bob", "eve"):
        body = {"name": name, "firstName": name.title(), "password": PASSWORD}
        assert admin.http.post("/api/v3/user", json=body).status_code == 200
    yield process
    process.stop()


@pytest.fixture(scope="module")
def admin(enterprise: EngineProcess) -> Client:
    return enterprise.client()


@pytest.fixture(scope="module")
def bobs_client(enterprise: EngineProcess) -> Client:
    """One login for all tests: a password costs the engine time, by intention."""
    return Client(enterprise.url, "bob", PASSWORD)


@pytest.fixture
def bob(bobs_client: Client, admin: Client) -> Iterator[Client]:
    """bob, who has nothing but what the test gives him."""
    yield bobs_client
    for row in admin.sql("select * from sys.privileges"):
        where = "system" if row["object_type"] == "SYSTEM" else f"{row['object_type']} {row['object_id']}"
        privilege = row["privilege"].replace("_", " ")
        admin.sql(f"revoke {privilege} on {where} from {row['grantee_type']} {row['grantee_id']}")


@pytest.fixture(scope="module")
def eve(enterprise: EngineProcess) -> Client:
    return Client(enterprise.url, "eve", PASSWORD)


def denied(client: Client, sql: str) -> None:
    """The statement fails because of missing privileges, and for nothing else."""
    with pytest.raises(StatementFailed, match=r"^PERMISSION ERROR: "):
        client.sql(sql)


def test_nothing_is_given_without_a_grant(bob: Client) -> None:
    for sql in (
        "select * from lake.sales.orders",
        "select 1 from (select * from lake.sales.orders) x",
        "with c as (select * from lake.sales.orders) select 1 from c",
        "select 1 from (values (1)) as v(a) where exists (select 1 from lake.sales.orders)",
        "select * from work.total",
        "explain plan for select * from lake.sales.orders",
        "describe lake.sales.orders",
        "insert into lake.sales.orders select 2, 'b'",
        "update lake.sales.orders set name = 'x'",
        "delete from lake.sales.orders",
        "truncate table lake.sales.orders",
        "merge into lake.sales.orders t using (select 1 as id) s on t.id = s.id"
        " when matched then update set name = 'x'",
        "drop table lake.sales.orders",
        "alter table lake.sales.orders add columns (x integer)",
        "create table lake.sales.mine as select 1 as a",
        "create view work.mine as select 1 as a",
        "create folder work.mine",
        "alter table lake.sales.orders create raw reflection r using display (id)",
        "alter table lake.sales.orders refresh reflections",
        "optimize table lake.sales.orders",
        "vacuum table lake.sales.orders expire snapshots older_than '2020-01-01 00:00:00'",
        "grant select on table lake.sales.orders to user bob",
        "create role mine",
        "grant role admin to user bob",
        "create user mallory",
        "drop user eve",
        "alter user eve set password 'br0ken-into'",
    ):
        denied(bob, sql)


def test_select_on_a_table_is_for_that_table_alone(admin: Client, bob: Client, eve: Client) -> None:
    admin.sql("grant select on table lake.sales.orders to user bob")
    assert bob.sql("select name from lake.sales.orders") == [{"name": "a"}]
    denied(bob, "select * from lake.hr.pay")
    denied(bob, "select * from lake.sales.orders union all select pay, '' from lake.hr.pay")
    denied(bob, "insert into lake.sales.orders select 2, 'b'")
    denied(eve, "select * from lake.sales.orders")
    admin.sql("revoke select on pds lake.sales.orders from user bob")
    denied(bob, "select * from lake.sales.orders")


@pytest.mark.parametrize(
    "where", ["source lake", "folder lake.sales", "system", "all datasets in source lake"]
)
def test_privileges_are_inherited_down_the_path(admin: Client, bob: Client, where: str) -> None:
    admin.sql(f"grant select, insert on {where} to user bob")
    assert bob.value("select count(*) from lake.sales.orders") == 1
    bob.sql("insert into lake.sales.orders select 2, 'b'")
    admin.sql("delete from lake.sales.orders where id = 2")
    denied(bob, "delete from lake.sales.orders")
    if where == "folder lake.sales":
        denied(bob, "select * from lake.hr.pay")


def test_roles_hold_roles_and_public_is_everybody(admin: Client, bob: Client, eve: Client) -> None:
    admin.sql("create role analyst")
    admin.sql("create role reader")
    admin.sql("grant role reader to role analyst")
    admin.sql("grant role analyst to user bob")
    try:
        admin.sql("grant select on table lake.sales.orders to role reader")
        assert bob.value("select count(*) from lake.sales.orders") == 1
        denied(eve, "select * from lake.sales.orders")
        with pytest.raises(StatementFailed, match="cannot be in it too"):
            admin.sql("grant role analyst to role reader")
        admin.sql("grant select on view work.total to role public")
        assert eve.value("select total from work.total") == 1000
        assert admin.sql("select * from sys.membership where role_name = 'analyst'") == [
            {"role_name": "analyst", "member_name": "bob", "member_type": "USER"}
        ]
        assert admin.http.get("/api/v3/role/by-name/analyst").json()["type"] == "INTERNAL"
        assert bob.http.get("/api/v3/user/by-name/bob").json()["@type"] == "EnterpriseUser"
        admin.sql("revoke role analyst from user bob")
        denied(bob, "select * from lake.sales.orders")
    finally:
        admin.sql("drop role analyst")
        admin.sql("drop role reader")
    assert admin.value("select count(*) from sys.privileges where grantee_id = 'reader'") == 0


def test_a_view_is_read_with_its_owners_privileges(admin: Client, bob: Client, eve: Client) -> None:
    admin.sql("grant select on view work.total to user bob")
    assert bob.value("select total from work.total") == 1000
    denied(bob, "select * from lake.hr.pay")
    admin.sql("grant alter on space work to user bob")
    admin.sql("grant select on table lake.sales.orders to user bob")
    denied(bob, "create view work.stolen as select * from lake.hr.pay")
    bob.sql("create view work.of_bob as select name from lake.sales.orders")
    try:
        admin.sql("grant select on view work.of_bob to user eve")
        assert eve.value("select name from work.of_bob") == "a"
        admin.sql("revoke select on table lake.sales.orders from user bob")
        # The owner lost it, so nobody reads it through the view any more.
        denied(eve, "select name from work.of_bob")
    finally:
        admin.sql("drop view work.of_bob")


def test_a_view_shows_rows_by_the_roles_of_who_asks(admin: Client, bob: Client, eve: Client) -> None:
    admin.sql("create role tellers")
    admin.sql("grant role tellers to user bob")
    admin.sql("create view work.masked as select id, is_member('tellers') as told from lake.sales.orders")
    admin.sql("grant select on view work.masked to role public")
    assert bob.sql("select told from work.masked") == [{"told": True}]
    assert eve.sql("select told from work.masked") == [{"told": False}]
    assert admin.value("select is_member('public')") is True
    admin.sql("drop role tellers")
    assert bob.sql("select told from work.masked") == [{"told": False}]


def test_who_makes_a_table_owns_it_and_what_is_dropped_is_forgotten(
    admin: Client, bob: Client, eve: Client
) -> None:
    admin.sql("grant create table on folder lake.sales to user bob")
    bob.sql("create table lake.sales.own as select 1 as a")
    assert bob.value("select a from lake.sales.own") == 1
    bob.sql("grant select on table lake.sales.own to user eve")
    assert eve.value("select a from lake.sales.own") == 1
    denied(eve, "drop table lake.sales.own")
    bob.sql("drop table lake.sales.own")
    admin.sql("create table lake.sales.own as select 2 as a")
    denied(eve, "select a from lake.sales.own")
    denied(bob, "select a from lake.sales.own")
    admin.sql("grant ownership on table lake.sales.own to user eve")
    eve.sql("drop table lake.sales.own")


@pytest.mark.parametrize(
    ("statement", "privilege"),
    [
        ("insert into lake.sales.dml select 2, 'b'", "INSERT"),
        ("update lake.sales.dml set name = 'x' where id = 9", "SELECT, UPDATE"),
        ("delete from lake.sales.dml where id = 9", "SELECT, DELETE"),
        ("truncate table lake.sales.dml", "TRUNCATE"),
        ("alter table lake.sales.dml add columns (y integer)", "ALTER"),
        ("drop table lake.sales.dml", "DROP"),
        ("describe lake.sales.dml", "READ METADATA"),
        (
            "merge into lake.sales.dml t using (select 1 as id, 'z' as name) s on t.id = s.id"
            " when matched then update set name = s.name when not matched then insert (id, name)"
            " values (s.id, s.name)",
            "SELECT, INSERT, UPDATE",
        ),
    ],
)
def test_each_statement_needs_its_own_privilege(
    admin: Client, bob: Client, statement: str, privilege: str
) -> None:
    admin.sql("create table lake.sales.dml as select 1 as id, 'a' as name")
    try:
        denied(bob, statement)
        admin.sql(f"grant {privilege} on table lake.sales.dml to user bob")
        bob.sql(statement)
    finally:
        admin.sql("drop table if exists lake.sales.dml")


def test_an_insert_reads_its_own_target_only_with_select(admin: Client, bob: Client) -> None:
    admin.sql("grant insert on table lake.sales.orders to user bob")
    denied(bob, "insert into lake.sales.orders select id + 1, name from lake.sales.orders")
    admin.sql("grant select on table lake.sales.orders to user bob")
    bob.sql("insert into lake.sales.orders select id + 1, name from lake.sales.orders")
    admin.sql("delete from lake.sales.orders where id > 1")


def test_flight_is_checked_as_rest_is(enterprise: EngineProcess, admin: Client, bob: Client) -> None:
    client = flight.FlightClient(enterprise.flight_url)
    options = flight.FlightCallOptions(headers=[client.authenticate_basic_token("bob", PASSWORD)])
    command = flight.FlightDescriptor.for_command("select name from lake.sales.orders")
    with pytest.raises(flight.FlightUnauthorizedError, match="Access denied reading dataset"):
        client.get_flight_info(command, options)
    with pytest.raises(pa.ArrowInvalid, match="Access denied reading dataset"):
        client.get_schema(command, options)
    admin.sql("grant select on table lake.sales.orders to user bob")
    info = client.get_flight_info(command, options)
    assert client.do_get(info.endpoints[0].ticket, options).read_all().to_pylist() == [{"name": "a"}]


def test_the_catalogue_is_checked_as_sql_is(admin: Client, bob: Client) -> None:
    orders = admin.by_path("lake", "sales", "orders")["id"]
    work = admin.by_path("work")["id"]
    reflection = {
        "type": "RAW", "name": "r", "datasetId": orders, "enabled": True, "displayFields": [{"name": "id"}]
    }  # fmt: skip
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/api/v3/catalog/{orders}", None),
        ("GET", "/api/v3/catalog/by-path/lake/sales/orders", None),
        ("DELETE", f"/api/v3/catalog/{orders}", None),
        ("DELETE", f"/api/v3/catalog/{work}", None),
        ("POST", f"/api/v3/catalog/{orders}/collaboration/wiki", {"text": "mine"}),
        ("POST", f"/api/v3/catalog/{orders}/refresh", None),
        ("POST", "/api/v3/catalog", {"entityType": "space", "name": "mine"}),
        ("POST", "/api/v3/catalog", {"entityType": "folder", "path": ["work", "mine"]}),
        ("POST", "/api/v3/catalog", {"entityType": "source", "type": "NAS", "name": "n", "config": {}}),
        (
            "POST",
            "/api/v3/catalog",
            {
                "entityType": "dataset",
                "type": "VIRTUAL_DATASET",
                "path": ["work", "v"],
                "sql": "select * from lake.hr.pay",
            },
        ),
        ("POST", "/api/v3/reflection", reflection),
        ("GET", f"/api/v3/dataset/{orders}/reflection", None),
        ("POST", "/api/v3/user", {"name": "mallory", "password": PASSWORD}),
    ]
    for method, url, body in calls:
        answer = bob.http.request(method, url, json=body)
        assert answer.status_code == 403, (method, url, answer.text)
        assert answer.json()["errorMessage"].startswith("PERMISSION ERROR")
    admin.sql("grant select, alter, view reflection on folder lake.sales to user bob")
    assert bob.http.get(f"/api/v3/catalog/{orders}").status_code == 200
    assert bob.http.get(f"/api/v3/dataset/{orders}/reflection").status_code == 200
    wiki = f"/api/v3/catalog/{orders}/collaboration/wiki"
    assert bob.http.post(wiki, json={"text": "mine"}).status_code == 200
    assert bob.http.post("/api/v3/reflection", json=reflection).status_code == 403


def test_what_may_not_be_seen_is_not_listed(admin: Client, bob: Client) -> None:
    tables = "select table_schema, table_name from information_schema.\"tables\" where table_type = 'TABLE'"
    assert bob.sql(tables) == []
    assert [d["path"] for d in bob.http.get("/api/v3/catalog").json()["data"]] == [["@bob"]]
    admin.sql("grant select on table lake.sales.orders to user bob")
    assert bob.sql(tables) == [{"table_schema": "lake.sales", "table_name": "orders"}]
    assert {d["path"][0] for d in bob.http.get("/api/v3/catalog").json()["data"]} == {"@bob", "lake"}
    assert {r["user_name"] for r in bob.sql("select user_name from sys.jobs_recent")} == {"bob"}
    assert len(admin.sql(tables)) >= 2


def test_bad_grants_are_refused_by_what_is_wrong(admin: Client) -> None:
    for sql, words in (
        ("grant select on table lake.sales.nothing to user bob", "does not exist"),
        ("grant select on view lake.sales.orders to user bob", "is not a VIEW"),
        ("grant select on table lake.sales.orders to user nobody", "User nobody does not exist"),
        ("grant select on table lake.sales.orders to role nothing", "Role 'nothing' does not exist"),
        ("grant insert on view work.total to user bob", "cannot be granted on a VIEW"),
        ("grant alter reflection on table lake.sales.orders to user bob", "cannot be granted on a TABLE"),
        ("grant fly on table lake.sales.orders to user bob", r"Encountered \"fly\": \[FLY\] is not"),
        ("grant select on table lake.sales.orders to bob", "expected USER or ROLE"),
        ("create role admin", "already exists"),
        ("drop role public", "system role"),
        ("create user bob", "already exists"),
        ("alter user bob set password 'short'", "Invalid password"),
    ):
        with pytest.raises(StatementFailed, match=words):
            admin.sql(sql)


def test_a_dropped_users_tokens_end_and_its_things_go_to_who_dropped_it(
    enterprise: EngineProcess, admin: Client
) -> None:
    admin.sql("create user carol")
    admin.sql("alter user carol set password 'car0l-secret'")
    carol = Client(enterprise.url, "carol", "car0l-secret")
    admin.sql("grant create table on folder lake.sales to user carol")
    carol.sql("create table lake.sales.of_carol as select 1 as a")
    admin.sql("drop user carol")
    assert carol.http.get("/api/v3/catalog").status_code == 401
    assert admin.value("select a from lake.sales.of_carol") == 1
    assert admin.value("select count(*) from sys.privileges where grantee_id = 'carol'") == 0
    admin.sql("drop table lake.sales.of_carol")


def test_community_edition_refuses_by_name(tmp_path: Path) -> None:
    process = EngineProcess(tmp_path)
    process.start()
    try:
        client = process.client()
        for sql, action in (
            ("grant select on pds a.b to user c", "GRANT"),
            ("GRANT anything at all", "GRANT"),
            ("revoke role x from user y", "REVOKE"),
            ("create role x", "CREATE ROLE"),
            ("alter user x set password 'y'", "ALTER USER"),
        ):
            words = f"^{action} action is only supported in Enterprise Edition.$"
            with pytest.raises(StatementFailed, match=words):
                client.sql(sql)
        assert client.http.post("/api/v3/user", json={"name": "bob", "password": PASSWORD}).status_code == 200
        bob = Client(process.url, "bob", PASSWORD)
        assert bob.value("select count(*) from sys.users") == 2
    finally:
        process.stop()


@pytest.mark.skipif(not DBT.exists(), reason="the dbt environment is not built")
def test_dbts_grants_are_applied_and_taken_back(
    enterprise: EngineProcess, admin: Client, bob: Client, eve: Client, tmp_path: Path
) -> None:
    (tmp_path / "models").mkdir()
    for name, kind in (("granted", "table"), ("granted_view", "view")):
        (tmp_path / "models" / f"{name}.sql").write_text(
            f"{{{{ config(materialized='{kind}', grants={{'select': var('readers')}}) }}}} select 7 as a"
        )
    project = {"name": "trial", "profile": "trial", "version": "1.0"}
    (tmp_path / "dbt_project.yml").write_text(json.dumps(project))
    output = {
        "type": "dremio", "threads": 2, "software_host": "127.0.0.1", "port": enterprise.port,
        "use_ssl": False,
        "user": enterprise.user, "password": enterprise.password, "object_storage_source": "lake",
        "object_storage_path": "sales", "dremio_space": "work", "dremio_space_folder": "no_schema",
    }  # fmt: skip
    profiles = {"trial": {"target": "t", "outputs": {"t": output}}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profiles))

    def run(*readers: str) -> None:
        environ = {**os.environ, "DBT_PROFILES_DIR": str(tmp_path), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
        done = subprocess.run(
            [DBT, "run", "--vars", json.dumps({"readers": readers})],
            cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    run("user:bob")
    assert bob.value("select a from lake.sales.granted") == 7
    assert bob.value("select a from work.granted_view") == 7
    denied(eve, "select a from lake.sales.granted")
    run("user:eve")
    assert eve.value("select a from lake.sales.granted") == 7
    denied(bob, "select a from lake.sales.granted")
