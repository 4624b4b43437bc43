"""The one base of the errors that a user is told in one message."""

from __future__ import annotations


class PlatformError(Exception):
    """What went wrong, with which value, and what to do; the message is all the user needs."""
