"""Arrow Flight: basic or bearer authentication, GetFlightInfo with the SQL as command, DoGet.

GetFlightInfo starts the statement and returns once it has ended, or its first rows fill the memory one
result may hold. Errors that come so far are GetFlightInfo's, later ones DoGet's. Rows that fit are kept
for a while, and their ticket may be read again; beyond that DoGet takes them from the running statement,
which waits for its reader. A query whose rows are gone runs again at DoGet, as every DoGet does in
Dremio; a statement that changes something runs once, at GetFlightInfo.
"""

import logging
from collections.abc import Iterator
from typing import Any, NoReturn

import pyarrow as pa
from pyarrow import flight

from dremio_engine.access.identity import Identity
from dremio_engine.errors import Busy, EngineError, Forbidden, TooMany
from dremio_engine.flight.refusals import Refused, refuse_action, refuse_command
from dremio_engine.flight.sessions import Session, SessionFactory, session_of
from dremio_engine.jobs.job import Job, JobState
from dremio_engine.jobs.jobs import Jobs
from dremio_engine.jobs.results import RowsGone
from dremio_engine.jobs.runner import Runner
from dremio_engine.settings import Settings

LOG = logging.getLogger(__name__)
BATCH_ROWS = 65536
LOOK_SECONDS = 0.5


class FlightServer(flight.FlightServerBase):
    """Runs each command as a job of the engine; a ticket is the job's id."""

    def __init__(self, settings: Settings, identity: Identity, jobs: Jobs, runner: Runner) -> None:
        self._jobs, self._runner = jobs, runner
        super().__init__(
            f"grpc+tcp://{settings.host}:{settings.flight_port}",
            auth_handler=_HeadersDecide(),
            middleware={"session": SessionFactory(identity, settings.token_seconds)},
        )

    def get_flight_info(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.FlightInfo:
        """Start the command; its ticket, schema, and how many rows it has if that is known by now."""
        job = self._start(_command(descriptor), session_of(context))
        self._wait(job, context)
        endpoint = flight.FlightEndpoint(flight.Ticket(job.id.encode()), [])
        whole = job.state is JobState.COMPLETED
        rows, size = (job.rows.total_rows, job.rows.total_bytes) if whole else (-1, -1)
        return flight.FlightInfo(job.rows.schema, descriptor, [endpoint], rows, size)

    def get_schema(
        self, context: flight.ServerCallContext, descriptor: flight.FlightDescriptor
    ) -> flight.SchemaResult:
        """The schema of a command's result; nothing is changed and no row is read."""
        session = session_of(context)
        try:
            return flight.SchemaResult(
                self._runner.schema(_command(descriptor), session.schema, session.user)
            )
        except EngineError as error:
            # pyarrow 26 turns Flight's own errors into "Unknown error" here, and here alone.
            raise Refused(error.message) from error

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """Stream a job's rows; at least one batch, which may be empty."""
        session = session_of(context)
        try:
            job = self._jobs.get(ticket.ticket.decode(errors="replace"), session.user)
        except EngineError as error:
            raise flight.FlightServerError(error.message) from error
        try:
            return self._stream(job)
        except RowsGone as error:
            if not job.may_run_again:
                raise flight.FlightServerError(
                    f"The results of job [{job.id}] have expired; run the statement again."
                ) from error
        again = self._start(job.sql, session, job.context)
        self._wait(again, context)
        return self._stream(again)

    def list_flights(self, context: flight.ServerCallContext, criteria: bytes) -> NoReturn:
        """Dremio has none."""
        raise NotImplementedError("listFlights is not implemented.")

    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Only Flight SQL puts anything."""
        refuse_command(descriptor.command or b"")
        raise NotImplementedError("acceptPut is not implemented.")

    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Dremio has none."""
        refuse_command(descriptor.command or b"")
        raise NotImplementedError("doExchange is not implemented.")

    def list_actions(self, context: flight.ServerCallContext) -> list[tuple[str, str]]:
        """There are none."""
        return []

    def do_action(self, context: flight.ServerCallContext, action: flight.Action) -> NoReturn:
        """Actions belong to Flight SQL."""
        refuse_action(action.type)
        raise NotImplementedError("doAction is not implemented.")

    def _start(self, sql: str, session: Session, schema: tuple[str, ...] | None = None) -> Job:
        try:
            return self._jobs.submit(
                sql, session.schema if schema is None else schema, session.user, "FLIGHT"
            )
        except EngineError as error:
            raise _flight_error(error) from error

    def _wait(self, job: Job, context: flight.ServerCallContext) -> None:
        """Until rows can be read. Raises the job's failure; a client that went away cancels its job."""
        while not job.rows.wait_readable(LOOK_SECONDS):
            if context.is_cancelled():
                self._jobs.cancel(job, "The client went away")
        if job.rows.ended:
            job.done.result()
        if job.state is JobState.CANCELED:
            raise flight.FlightCancelledError(f"Job [{job.id}] was cancelled.")
        if job.state is JobState.FAILED:
            text = f"{job.error} [job {job.id}]"
            if (job.error or "").startswith("PERMISSION ERROR"):
                raise flight.FlightUnauthorizedError(text)
            raise Refused(text)

    def _stream(self, job: Job) -> flight.FlightDataStream:
        schema = job.rows.schema
        if (table := job.rows.table()) is not None:
            batches: Any = table.to_batches(max_chunksize=BATCH_ROWS) or [_no_rows(table.schema)]
            return flight.RecordBatchStream(pa.RecordBatchReader.from_batches(table.schema, batches))
        if schema is None:
            raise RowsGone("The statement gave no rows.")
        return flight.GeneratorStream(schema, _as_flight_errors(job.rows.stream()))


class _HeadersDecide(flight.ServerAuthHandler):
    """Basic login needs a handler to be there; the session's middleware does the work."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Handshake without content."""

    def is_valid(self, token: bytes) -> bytes:
        """Every call is checked by its headers."""
        return b""


def _as_flight_errors(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except EngineError as error:
        raise Refused(error.message) from error


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], type=f.type) for f in schema], schema=schema)


def _flight_error(error: EngineError) -> Exception:
    if isinstance(error, Busy | TooMany):
        return flight.FlightUnavailableError(error.message)
    if isinstance(error, Forbidden):
        return flight.FlightUnauthorizedError(error.message)
    return Refused(error.message)


def _command(descriptor: flight.FlightDescriptor) -> str:
    command = descriptor.command
    if descriptor.descriptor_type is not flight.DescriptorType.CMD or not command:
        raise Refused("Only descriptors with a command are supported.")
    refuse_command(command)
    try:
        return str(command.decode())
    except UnicodeDecodeError as error:
        raise Refused("The command is not a text in UTF-8.") from error
