"""Where the source's log was before a sync began: what the sync must have seen.

The extract of a night reads tables, not the log. The stream reads the log. The position noted here says which
of the stream's changes a night has for certain: all up to it.
"""

from __future__ import annotations
