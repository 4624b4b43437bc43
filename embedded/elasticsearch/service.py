"""Elasticsearch as a service of the platform: one node for logs, on this machine's loopback only."""

from __future__ import annotations

from pathlib import Path

from embedded.elasticsearch.installation import PLACE, InstallationError, is_installed, java_of
from embedded.settings import HOST, Settings
from embedded.stack.http_check import answers
from embedded.stack.service import OBSERVER_NICE, Program, Service

HEAP = ("-Xms128m", "-Xmx384m")
"""Measured: 50,000 lines indexed in bulk twice, and searched, stay below 500 MB resident."""

CONFIGURATION = """\
# Written at every start; change embedded/elasticsearch/service.py instead.
cluster.name: lakehouse
node.name: lakehouse
path.data: {folder}/data
path.logs: {folder}/logs
network.host: {host}
http.port: {port}
transport.port: {transport}
discovery.type: single-node
# One node has one disk: moving shards away from it helps nobody, and refusing to write loses logs sooner.
cluster.routing.allocation.disk.threshold_enabled: false
# A day per service is an index: three months of them, and room.
cluster.max_shards_per_node: 3000
"""

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def elasticsearch(settings: Settings) -> Service:
    """One node; started only when it is asked for."""
    address = f"http://{HOST}:{settings.port('ELASTICSEARCH')}"
    folder = settings.service_dir("elasticsearch")
    return Service(
        name="elasticsearch",
        title="Elasticsearch 9.5",
        address=address,
        ports=("ELASTICSEARCH", "ELASTICSEARCH_TRANSPORT"),
        # The JVM closes the node at SIGTERM.
        programs=(Program("elasticsearch", _command(settings, folder), stop_seconds=30, nice=OBSERVER_NICE),),
        obstacles=_obstacles,
        prepare=lambda: _prepare(settings, folder),
        check=answers(f"{address}/_cluster/health?wait_for_status=yellow&timeout=1s"),
        start_seconds=300,
        optional=True,
    )


def _obstacles() -> list[str]:
    if is_installed():
        return []
    return [f"Elasticsearch is not in {PLACE}: run `bin/elasticsearch`, once, with a network"]


def _command(settings: Settings, folder: Path) -> tuple[str, ...]:
    home = PLACE / "home"
    natives = home / "lib" / "platform"
    java = settings.envs_dir / "observe"
    options = (
        *HEAP,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",  # less memory and a quicker start; its work is waiting for a disk
        "-XX:+ExitOnOutOfMemoryError",  # supervisord starts it again
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "--add-opens=java.base/java.io=ALL-UNNAMED",
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Djava.library.path={natives}",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "-Djna.nosys=true",
        "-Des.networkaddress.cache.ttl=60",
        "-Des.distribution.type=zip",
        # The vector library is in a native file of Elastic's distribution; logs have no vectors.
        "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
        f"-Des.nativelibs.path={natives}",
        f"-Des.path.home={home}",
        f"-Des.path.conf={folder}/config",
    )
    return (str(_java(java)), *options, "-cp", f"{PLACE}/classes:{home}/lib/*", "SingleNode")


def _java(environment: Path) -> Path:
    """Where the runtime is, or would be: a table of services is made in any checkout."""
    try:
        return java_of(environment)
    except InstallationError:
        return environment / "bin" / "java"


def _prepare(settings: Settings, folder: Path) -> None:
    for name in ("config", "data", "logs", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    text = CONFIGURATION.format(
        folder=folder,
        host=HOST,
        port=settings.port("ELASTICSEARCH"),
        transport=settings.port("ELASTICSEARCH_TRANSPORT"),
    )
    (folder / "config" / "elasticsearch.yml").write_text(text)
    (folder / "config" / "log4j2.properties").write_text(LOGGING)
