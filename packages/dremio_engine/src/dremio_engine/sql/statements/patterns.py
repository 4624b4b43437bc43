"""Patterns of LIKE outside queries."""

import re


def like_matches(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern with `%` and `_` says, in any case."""
    signs = {"%": ".*", "_": "."}
    regex = "".join(signs.get(sign) or re.escape(sign) for sign in pattern)
    return re.fullmatch(regex, text, re.IGNORECASE | re.DOTALL) is not None
