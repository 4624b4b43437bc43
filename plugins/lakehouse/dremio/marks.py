"""Statements that can be found again: each carries a mark of its submission in a comment.

Dremio's REST API answers a submission with the job's id, and a worker that dies before it has stored that id
leaves a job that nobody knows. The mark is stored before the submission, and Dremio's system tables show the
text of its statements.
"""

from __future__ import annotations

import re
import uuid

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.sql_files import render_sql

_NOT_FOR_A_COMMENT = re.compile(r"[^A-Za-z0-9_.-]")


def new_mark(dag_id: str, task_id: str) -> str:
    """A text that no other submission carries, and that names the task to who reads Dremio's list of jobs."""
    name = _NOT_FOR_A_COMMENT.sub("_", f"{dag_id}.{task_id}")
    return f"{name}.{uuid.uuid4()}"


def marked(sql: str, mark: str) -> str:
    """The statement with its mark in front."""
    return f"/* lakehouse {mark} */\n{sql}"


def job_with(client: DremioClient, mark: str) -> str | None:
    """The id of the job whose statement carries the mark; None if Dremio knows of none.

    Running jobs are asked for first: one that ends in between is among those that have ended.

    Raises:
        DremioError: Dremio is away, or does not show its jobs to this user.
    """
    # In two halves: the text of this question must not hold the mark, or it would find itself.
    halves = {"head": mark[:-18], "tail": mark[-18:]}
    for question in ("dremio/find_running_job.sql", "dremio/find_ended_job.sql"):
        for row in client.query(render_sql(question, halves)):
            return str(row["job_id"])
    return None
