"""`python -m dremio_engine`: both protocols in one process until SIGTERM or SIGINT."""

import argparse
import logging
import signal
import socket
import sys

import uvicorn

from dremio_engine.engine import Engine
from dremio_engine.flight.server import FlightServer
from dremio_engine.rest.app import create_app
from dremio_engine.rest.bounds import impatient_protocol
from dremio_engine.settings import Settings

LOG = logging.getLogger("dremio_engine")


def main() -> int:
    """Serve; the exit code is 0 after a clean stop."""
    parser = argparse.ArgumentParser(
        prog="python -m dremio_engine",
        description="The embedded engine: Dremio's REST and Arrow Flight protocols on DuckDB and DuckLake. "
        "Environment: DREMIO_HOST, DREMIO_PORT, DREMIO_FLIGHT_PORT, DREMIO_USER, DREMIO_PASSWORD, "
        "DREMIO_STATE_DIR.",
    )
    parser.add_argument("--port", type=int, help="REST port (default: DREMIO_PORT or 9047)")
    parser.add_argument("--flight-port", type=int, help="Flight port (default: DREMIO_FLIGHT_PORT or 32010)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    ports = {"rest_port": arguments.port, "flight_port": arguments.flight_port}
    settings = Settings(**{name: port for name, port in ports.items() if port})
    if not settings.password:
        LOG.error("DREMIO_PASSWORD is not set: the engine does not start without one.")
        return 2

    if problem := _port_problem(settings.host, settings.flight_port):
        LOG.error("Flight cannot listen on %s:%d: %s", settings.host, settings.flight_port, problem)
        return 2

    # uvicorn raises the signal again once it has stopped; by then the rest must still be closed in order.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: None)
    engine = Engine(settings).open()
    services = engine.services
    flight = FlightServer(settings, services.identity, services.jobs, services.runner)
    try:
        config = uvicorn.Config(
            create_app(services),
            host=settings.host,
            port=settings.rest_port,
            log_level="warning",
            timeout_graceful_shutdown=2,
            http=impatient_protocol(settings.body_seconds),
        )
        LOG.info(
            "REST on %s:%d, Flight on %s:%d", settings.host, settings.rest_port, settings.host, flight.port
        )
        uvicorn.Server(config).run()
    finally:
        flight.shutdown()
        engine.close()
        LOG.info("stopped")
    return 0


def _port_problem(host: str, port: int) -> str:
    """Why nothing can listen there; empty if something can. Arrow's own error does not name it."""
    with socket.socket() as probe:
        # As gRPC does: a connection that has ended and lingers is not in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"{error.strerror}; stop what uses the port, or set another (DREMIO_FLIGHT_PORT)"
    return ""


if __name__ == "__main__":
    sys.exit(main())
