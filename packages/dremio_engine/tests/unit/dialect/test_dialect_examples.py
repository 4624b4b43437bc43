"""The documentation's examples, through the translator in this process."""

from tests.dialect.behaviour import *  # noqa: F403
