"""Does each Airflow connection answer, and may its user do what the platform needs? Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, note, warn
from lakehouse.observe.doctor.surroundings import ANSWER_SECONDS, Surroundings
from lakehouse.platform import names
from lakehouse.platform.lake_layout import BRONZE
from lakehouse.platform.metadata_tables import declared_tables

Look = Callable[[Surroundings], Iterator[Finding]]

SUPERSET_RIGHTS: Final = (
    ("can_read", "Dashboard"),
    ("can_read", "Chart"),
    ("can_warm_up_cache", "Chart"),
    ("can_import_", "ImportExportRestApi"),
)
"""What warming and importing need (Superset 6.1: warm-up is not in Gamma or Alpha). A name that ends with an
underscore stands for all that begin with it."""
SHOP: Final = "shop"
"""The business whose sources are a service of the embedded platform."""
_TABLE_RIGHTS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_UPLOAD_THAT_IS_NOT_THERE: Final = "doctor"


def connection_looks() -> dict[str, tuple[Look, str]]:
    """By Airflow connection: the look, and the embedded or Compose service that answers; a source
    is answered by none but the demo shop's."""
    looks: dict[str, tuple[Look, str]] = {
        names.LAKE_CONNECTION: (_lake, "object_store"),
        names.PLATFORM_CONNECTION: (_platform_postgres, "postgres"),
        names.DREMIO_CONNECTION: (_dremio, "dremio"),
        names.AIRBYTE_CONNECTION: (_airbyte, "airbyte"),
        names.SUPERSET_CONNECTION: (_superset, "superset"),
        names.AIRFLOW_CONNECTION: (_airflow, "airflow"),
        names.ELASTICSEARCH_CONNECTION: (_elasticsearch, "elasticsearch"),
        names.ALERTS_CONNECTION: (_alerts, "observer"),
    }
    for conn_id, business in sorted(_sources().items()):
        looks.setdefault(conn_id, (_source(conn_id), business if business == SHOP else ""))
    return {conn_id: (_answering(conn_id, *entry), entry[1]) for conn_id, entry in looks.items()}


def _sources() -> dict[str, str]:
    """The Airflow connections that Airbyte reads from, and the business each is of."""
    return {each.source.airflow_connection: each.business for each in read_all_connection_files()}


def _source_command(around: Surroundings, conn_id: str) -> str:
    """What starts the source; one that the platform does not run can only be looked at."""
    business = _sources()[conn_id]
    return around.start_command(SHOP) if business == SHOP else around.source_command(business)


def _answering(conn_id: str, look: Look, service: str) -> Look:
    """A look at a connection finds something when it fails: that is what it is for."""

    def looked(around: Surroundings) -> Iterator[Finding]:
        try:
            yield from look(around)
        except NotConfiguredError:
            raise
        except Exception as failure:  # noqa: BLE001 - every client has errors of its own
            words = f"{type(failure).__name__}: {' '.join(str(failure).split())}"
            command = around.start_command(service) if service else _source_command(around, conn_id)
            yield error(f"{conn_id} does not answer, or refuses", words[:400], command)

    return looked


def _lake(around: Surroundings) -> Iterator[Finding]:
    lake = around.lake()
    try:
        lake.client.head_bucket(Bucket=lake.bucket)
    except ClientError as refusal:
        words = f"HEAD s3://{lake.bucket}: {refusal}"
        if refusal.response["ResponseMetadata"].get("HTTPStatusCode") == 404:
            command = around.trigger_command("provision_platform")
            yield error(f"the bucket {lake.bucket} does not exist", words, command)
            return
        yield error(
            f"{names.LAKE_CONNECTION} may not use s3://{lake.bucket}",
            words,
            around.renew_command,
        )
        return
    newest = next(iter(lake.objects(BRONZE)), None)
    if newest is not None and newest.size:
        lake.tail(newest.key, 1)
    # Storing a part of an upload that does not exist stores nothing; whether it may is asked first.
    try:
        lake.client.upload_part(
            Bucket=lake.bucket,
            Key=f"{BRONZE}doctor",
            UploadId=_UPLOAD_THAT_IS_NOT_THERE,
            PartNumber=1,
            Body=b"",
        )
    except ClientError as refusal:
        if refusal.response["ResponseMetadata"].get("HTTPStatusCode") == 403:
            what = f"{names.LAKE_CONNECTION} may not write to s3://{lake.bucket}/{BRONZE}"
            yield error(what, refusal, around.renew_command)


def _platform_postgres(around: Surroundings) -> Iterator[Finding]:
    postgres = around.postgres()
    [(user, schema, may_create)] = postgres.rows(
        "select current_user, current_schema(), has_schema_privilege(current_schema(), 'CREATE')"
    )
    if not may_create:
        command = around.psql_command(names.PLATFORM_CONNECTION, f"grant create on schema {schema} to {user}")
        yield error(f"{user} may not create tables in schema {schema}", "CREATE is not granted", command)
    rights = postgres.rows(
        "select c.relname, r.name, has_table_privilege(c.oid, r.name)"
        " from pg_class as c cross join unnest(%s) as r (name)"
        " where c.relname = any(%s) and c.relnamespace = current_schema()::regnamespace order by 1, 2",
        (list(_TABLE_RIGHTS), sorted(declared_tables())),
    )
    lacking: dict[str, list[str]] = {}
    for table, right, granted in rights:
        if not granted:
            lacking.setdefault(table, []).append(right)
    for table, lacked in lacking.items():
        grant = f"grant {', '.join(lacked).lower()} on {table} to {user}"
        yield error(
            f"{user} lacks rights on {table}",
            ", ".join(lacked),
            around.psql_command(names.PLATFORM_CONNECTION, grant),
        )


def _dremio(around: Surroundings) -> Iterator[Finding]:
    client = around.dremio()
    # A query, since a login alone does not show that queries run.
    answer = client.query("select 1 as answer", timeout=10)
    if [int(row["answer"]) for row in answer] != [1]:
        yield error("Dremio answers a query wrongly", f"select 1: {answer}", around.start_command("dremio"))


def _airbyte(around: Surroundings) -> Iterator[Finding]:
    client = around.airbyte()
    if next(iter(client.listed("/workspaces", limit=1)), None) is None:
        what = f"Airbyte at {client.base_url} has no workspace that this client may see"
        yield error(what, "GET /workspaces is empty", around.renew_command)


def _superset(around: Surroundings) -> Iterator[Finding]:
    client = around.superset()
    client.get("dashboard/", {"q": "(page_size:1)"})
    roles: Mapping[str, Any] = client.get("me/roles/")["result"].get("roles", {})
    held = {tuple(right) for rights in roles.values() for right in rights}
    if "Admin" in roles:
        return
    lacking = [
        f"{action} on {what}"
        for action, what in SUPERSET_RIGHTS
        if not any(
            thing == what and (name == action or (action.endswith("_") and name.startswith(action[:-1])))
            for name, thing in held
        )
    ]
    if lacking:
        yield error(
            f"the user of {names.SUPERSET_CONNECTION} lacks rights in Superset",
            f"roles {', '.join(roles) or 'none'}; missing: {', '.join(lacking)}",
            around.renew_command,
        )


def _airflow(around: Surroundings) -> Iterator[Finding]:
    api = around.airflow()
    api.read("dags", {"limit": 1})
    # Who may not clear a run may not list its tasks' instances either.
    api.read("dags/~/dagRuns/~/taskInstances", {"limit": 1})
    yield from ()


def _elasticsearch(around: Surroundings) -> Iterator[Finding]:
    """Without `GET /`, which the embedded one does not have."""
    from lakehouse.observe.logs.elastic import ElasticsearchAwayError, client_of, named_errors

    connection = around.connection(names.ELASTICSEARCH_CONNECTION)
    client = client_of(connection, connection.extra_dejson, ANSWER_SECONDS)
    try:
        with named_errors(names.ELASTICSEARCH_CONNECTION):
            health = client.cluster.health()
    except ElasticsearchAwayError as away:
        if not around.is_embedded:
            raise
        what = "Elasticsearch is off: logs go to the lake, and cannot be searched here"
        yield note(what, away, "make up OBSERVE=1")
        return
    if health["status"] == "red":
        what = "Elasticsearch is red: it has lost shards"
        yield error(what, f"_cluster/health: {dict(health)}", "bin/logs errors --since 1h")


def _alerts(around: Surroundings) -> Iterator[Finding]:
    """The addresses are read, and nothing is sent."""
    from lakehouse.observe.notify.channel import NoNotifierError, alerts_channel

    try:
        around.connection(names.ALERTS_CONNECTION)
        alerts_channel()
    except (NoNotifierError, NotConfiguredError) as fault:
        what = f"nobody is told of failures: {names.ALERTS_CONNECTION} names no notifier that works"
        yield error(what, fault, around.renew_command)


def _source(conn_id: str) -> Look:
    """The look at a source of Airbyte's, by the kind of its Airflow connection."""

    def look(around: Surroundings) -> Iterator[Finding]:
        # A stream's tables are looked at once it has been started: doctor/stream.py.
        nightly = by_the_clock(read_all_connection_files())
        files = [each for each in nightly if each.source.airflow_connection == conn_id]
        kind = around.connection(conn_id).conn_type
        if kind == "postgres":
            yield from source_postgres(around, conn_id, files)
        elif kind == "http":
            yield from _source_http(around, conn_id)
        elif kind == "fs":
            yield from _source_folder(around, conn_id)
        else:
            raise NotConfiguredError(f"{conn_id}: the doctor does not look at sources of type {kind}")

    return look


def source_postgres(around: Surroundings, conn_id: str, files: list[ConnectionFile]) -> Iterator[Finding]:
    """Tables of the connections that are not there or may not be read, and a log that may not be."""
    postgres = around.postgres(conn_id)
    [(user, replicates)] = postgres.rows(
        "select current_user, rolreplication or rolsuper from pg_roles where rolname = current_user"
    )
    for declared in files:
        schemas = declared.source.configuration.get("schemas") or ["public"]
        tables = [stream.name for stream in declared.streams]
        may_read = dict(
            postgres.rows(
                "select c.relname, has_table_privilege(c.oid, 'SELECT') from pg_class as c"
                " join pg_namespace as n on n.oid = c.relnamespace"
                " where n.nspname = any(%s) and c.relname = any(%s)",
                (schemas, tables),
            )
        )
        for table in tables:
            if table not in may_read:
                what = f"{conn_id}: the table {table} of {declared.name} is not there"
                yield error(
                    what,
                    f"schemas {', '.join(schemas)}",
                    around.psql_command(conn_id, "select * from pg_tables"),
                )
            elif not may_read[table]:
                grant = f"grant select on {schemas[0]}.{table} to {user}"
                what = f"{conn_id}: {user} may not read {table}"
                yield error(what, "SELECT is not granted", around.psql_command(conn_id, grant))
        if _captures_changes(declared) and not replicates:
            what = f"{conn_id}: {user} may not read the write-ahead log, which {declared.name} needs"
            command = around.psql_command(conn_id, f"alter role {user} with replication")
            yield error(what, "the role has not the attribute REPLICATION", command)


def _captures_changes(declared: ConnectionFile) -> bool:
    method = declared.source.configuration.get("replication_method") or {}
    return isinstance(method, Mapping) and method.get("method") == "CDC"


def _source_http(around: Surroundings, conn_id: str) -> Iterator[Finding]:
    import httpx

    connection = around.connection(conn_id)
    host = connection.host or ""
    url = host if urlsplit(host).scheme else f"{connection.schema or 'http'}://{host}"
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    answer = httpx.get(url, headers=headers, timeout=8, follow_redirects=True)
    if answer.status_code in (401, 403):
        what = f"{conn_id} refuses its token"
        yield error(what, f"GET {url}: {answer.status_code}", around.renew_command)
    elif answer.status_code >= 500:
        what = f"{conn_id} fails"
        yield warn(what, f"GET {url}: {answer.status_code}", _source_command(around, conn_id))


def _source_folder(around: Surroundings, conn_id: str) -> Iterator[Finding]:
    folder = Path(around.connection(conn_id).extra_dejson.get("path") or "/")
    try:
        next(folder.iterdir(), None)
    except OSError as failure:
        what = f"{conn_id}: its folder cannot be read"
        yield error(what, failure, f"ls -ld {folder}")
