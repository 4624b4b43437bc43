"""Airbyte's low-code connector, with checks that no page and no digit of an API's answers is lost.

Runs in a process of its own, under the Python of the connectors' environment. That has airbyte-cdk, and none
of this package's dependencies.

__main__.py   the process, which imports the connector once and forks for each command
decoding.py   answers to values that say exactly what the answer says
paging.py     the CDK's retriever under the rules of listing.py
listing.py    which page is asked for next, and whether all records were read
totals.py     what an answer says about how many records there are
"""

from typing import Final

ENDED: Final = "airbyte-engine: ended with"
"""The line after a command's output begins so, and its exit code follows."""
