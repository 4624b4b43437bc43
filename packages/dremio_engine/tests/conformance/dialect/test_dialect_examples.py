"""The documentation's examples, on the wire."""

from tests.dialect.behaviour import *  # noqa: F403
