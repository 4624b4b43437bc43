"""Arrow Flight: basic or bearer authentication, GetFlightInfo with the SQL as command, DoGet."""

import base64
import logging
from typing import Any

import pyarrow as pa
from pyarrow import flight

from embedded.dremio.catalog.entities import Path
from embedded.dremio.engine import Engine
from embedded.dremio.errors import EngineError, Unauthorized
from embedded.dremio.jobs.jobs import Job, JobState

LOG = logging.getLogger(__name__)
BATCH_ROWS = 65536
# Every Flight SQL command is an Any protobuf whose type URL begins so.
FLIGHT_SQL = b"type.googleapis.com/arrow.flight.protocol.sql"


class FlightServer(flight.FlightServerBase):
    """Runs each command as a job of the engine; a ticket is the job's id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        location = f"grpc+tcp://{engine.settings.host}:{engine.settings.flight_port}"
        super().__init__(
            location, auth_handler=_HeadersDecide(), middleware={"session": _SessionFactory(engine)}
        )

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Run the command to its end; its schema is known then."""
        session = _session(context)
        job, table = self._run(_command(descriptor), session)
        endpoint = flight.FlightEndpoint(flight.Ticket(job.id.encode()), [])
        return flight.FlightInfo(table.schema, descriptor, [endpoint], table.num_rows, table.nbytes)

    def get_schema(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.SchemaResult:
        """The schema of a command's result."""
        _, table = self._run(_command(descriptor), _session(context))
        return flight.SchemaResult(table.schema)

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Stream a job's rows; at least one batch, which may be empty."""
        try:
            job = self._engine.jobs.get(ticket.ticket.decode(errors="replace"), _session(context).user)
        except EngineError as error:
            raise flight.FlightServerError(error.message) from error
        if job.result is None:
            raise flight.FlightServerError(
                f"The results of job [{job.id}] have expired; run the statement again."
            )
        batches = job.result.to_batches(max_chunksize=BATCH_ROWS) or [
            pa.RecordBatch.from_arrays(
                [pa.array([], type=f.type) for f in job.result.schema], schema=job.result.schema
            )
        ]
        return flight.RecordBatchStream(pa.RecordBatchReader.from_batches(job.result.schema, batches))

    def _run(self, sql: str, session: "_Session") -> tuple[Job, pa.Table]:
        try:
            job = self._engine.jobs.submit(sql, session.schema, session.user, "FLIGHT")
        except EngineError as error:
            raise pa.ArrowInvalid(error.message) from error
        job.done.result()
        if job.state is JobState.CANCELED:
            raise flight.FlightCancelledError(f"Job [{job.id}] was cancelled.")
        if job.state is not JobState.COMPLETED or job.result is None:
            raise pa.ArrowInvalid(f"{job.error} [job {job.id}]")
        return job, job.result


class _HeadersDecide(flight.ServerAuthHandler):
    """Basic login needs a handler to be there; the middleware below does the work."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Handshake without content."""

    def is_valid(self, token: bytes) -> bytes:
        """Every call is checked by its headers."""
        return b""


class _Session(flight.ServerMiddleware):
    def __init__(self, user: str, schema: Path, token: str | None) -> None:
        self.user, self.schema, self._token = user, schema, token

    def sending_headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}"} if self._token else {}


class _SessionFactory(flight.ServerMiddlewareFactory):
    """Authenticates every call; the answer to a basic login carries the bearer token."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start_call(self, info: flight.CallInfo, headers: dict[str, list[Any]]) -> _Session:
        lowered = {key.lower(): values for key, values in headers.items()}
        kind, _, value = _text(lowered.get("authorization")).partition(" ")
        schema = tuple(p.strip('"') for p in _text(lowered.get("schema")).split(".") if p)
        try:
            if kind.lower() == "bearer":
                return _Session(self._engine.identity.user_of(value.strip()), schema, None)
            if kind.lower() == "basic":
                user, _, password = base64.b64decode(value).decode().partition(":")
                token, _expires = self._engine.identity.login(user, password)
                return _Session(user, schema, token)
        except (Unauthorized, ValueError) as error:
            raise flight.FlightUnauthenticatedError(str(error) or "Invalid credentials") from error
        raise flight.FlightUnauthenticatedError("User authentication is required")


def _text(values: list[Any] | None) -> str:
    first = values[0] if values else ""
    return first.decode() if isinstance(first, bytes) else str(first)


def _session(context: flight.ServerCallContext) -> _Session:
    session = context.get_middleware("session")
    if not isinstance(session, _Session):
        raise flight.FlightUnauthenticatedError("User authentication is required")
    return session


def _command(descriptor: flight.FlightDescriptor) -> str:
    command = descriptor.command
    if command is None:
        raise pa.ArrowInvalid("Only descriptors with a command are supported.")
    if FLIGHT_SQL in command:
        raise flight.FlightServerError(
            "Arrow Flight SQL is not supported by the embedded engine; send SQL as command."
        )
    return str(command.decode())
