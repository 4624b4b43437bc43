"""JSON as Dremio's reader takes it: field names may stand without quotes, and comments are passed over."""

import re

# A text, a comment, or a bare word before a colon.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")|(/\*.*?\*/|//[^\n]*)|([A-Za-z_$][\w$]*)(?=\s*:)', re.DOTALL)


def strict_json(text: str) -> str:
    """The same as the grammar of JSON has it; what is not JSON stays so."""
    return _TOKEN.sub(_as_json, text)


def _as_json(token: re.Match[str]) -> str:
    text, comment, name = token.groups()
    return text or (" " if comment else f'"{name}"')
