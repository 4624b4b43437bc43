"""What the fork server imports, once, so that no worker has to: all that workers use.

It opens nothing, so a worker begins with nothing of any sync. A fork copies only the thread that forks, so no
other may be left; but for Arrow's jemalloc, which looks after itself at a fork.
"""

from __future__ import annotations

import gc
import os

# Before Arrow imports NumPy, which starts a thread for each processor.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import duckdb

import airbyte_engine.worker.run  # noqa: F401
from airbyte_engine.bucket import prepare_s3
from airbyte_engine.worker.forked import PARENT, show_as

prepare_s3()
# An import of DuckDB opens a database that nothing here uses; its thread would not be in the forks.
duckdb.default_connection().close()
# A collection in a worker that visited what was imported would write into its pages, and so copy them.
gc.collect()
gc.freeze()
show_as(PARENT)
