"""The only way to change the lake: one transaction at a time, tried again when it met a conflict."""

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator

import duckdb

from dremio_engine.errors import Busy
from dremio_engine.lake.cursors import Cancelled, Cursor, Interruptible
from dremio_engine.lake.intents import PLAIN_NAME
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.lake.messages import first_line

LOG = logging.getLogger(__name__)
CONFLICT_ATTEMPTS = 8
REFUSED = "failed to commit"
# The last two: DuckLake 1.5.3 and later lets go of a schema that an open transaction still points to, and
# then commits its name or id as garbage (duckdb/ducklake#1248). The commit is refused whole.
RETRYABLE = ("conflict", "failed to get path for schema", "failed to flush changes into ducklake")


class Writer:
    """Readers never wait; writers wait for each other, and stop waiting when cancelled."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def run(
        self,
        target: str,
        work: Callable[[Cursor], int],
        stop: Interruptible,
        reshapes: bool = False,
        files_of: LakeTable | tuple[str, str] | None = None,
    ) -> int:
        """Run `work` in a transaction and give its result. Raises duckdb.Error, Cancelled, Busy.

        `files_of` is the table that work writes files for, or schema and name of one it creates.
        """
        # Waiting must not outlast a cancel.
        while not self._lake.writing.acquire(timeout=0.2):
            if stop.cancelled:
                raise Cancelled
        try:
            with self._noted(files_of):
                return self._tried(target, work, stop, reshapes)
        finally:
            self._lake.writing.release()

    def _tried(self, target: str, work: Callable[[Cursor], int], stop: Interruptible, reshapes: bool) -> int:
        for attempt in range(CONFLICT_ATTEMPTS):
            try:
                return self._transaction(work, stop)
            except duckdb.Error as error:
                text = str(error).lower()
                last = attempt == CONFLICT_ATTEMPTS - 1
                if last or stop.cancelled or not _may_pass_again(text):
                    raise
                LOG.info("conflict on %s, attempt %d: %s", target, attempt + 1, first_line(error))
                time.sleep(0.02 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
            finally:
                if reshapes:
                    self._lake.forget_tables()
        raise Busy(f"[{target}] could not be changed: too many conflicts.")

    @contextlib.contextmanager
    def _noted(self, files_of: LakeTable | tuple[str, str] | None) -> Iterator[None]:
        if files_of is None:
            yield
            return
        if isinstance(files_of, LakeTable):
            with self._lake.session() as cursor:
                folder, known = self._lake.table_folder(cursor, files_of), True
        else:
            schema, name = files_of
            known = PLAIN_NAME.fullmatch(name) is not None
            folder = self._lake.folder_of(schema) + (f"{name}/" if known else "")
        with self._lake.intents.writing(folder, known):
            yield

    def _transaction(self, work: Callable[[Cursor], int], stop: Interruptible) -> int:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            cursor.execute("begin transaction")
            try:
                rows = work(cursor)
            except BaseException:
                if not stop.cancelled:
                    cursor.execute("rollback")
                raise
            stop.attach(cursor)
            _commit(cursor)
        return rows


def _may_pass_again(text: str) -> bool:
    return REFUSED in text and any(words in text for words in RETRYABLE)


def _commit(cursor: Cursor) -> None:
    try:
        cursor.execute("commit")
    except UnicodeDecodeError as error:
        # Garbage in the text of the refusal: Python cannot raise it as it is.
        raise duckdb.TransactionException(error.object.decode(errors="replace")) from error
