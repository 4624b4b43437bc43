"""Takes secrets out of text that leaves the platform: log lines, messages to people, findings.

Two kinds are found: the values that this process's environment calls secret, in every form of
`secret_values`, and what looks like a secret whoever it belongs to, such as `Authorization: Bearer ...`.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from lakehouse.observe.facts.secret_values import SHORTEST_SECRET, redactable, secrets_in

MASK: Final = "***"
LONGEST_PATTERN: Final = 64 * 1024
"""Characters. A secret is looked for with so much of its surroundings when a long text is cut."""

_QUOTED_OR_WORD: Final = (
    r"""\\?"(?P<q2>(?:[^"\\]|\\.)*)|\\?'(?P<q1>(?:[^'\\]|\\.)*)|(?P<word>[^\s"',;&)}\]\\]+)"""
)
_ASSIGNMENT: Final = r"""\\?["']?[ \t]*(?:=>|[=:])[ \t]*"""
_PATTERNS: Final = (
    # scheme://user:password@host, and scheme://token@host
    re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@\"'<>]*:(?P<secret>[^\s/\"'<>]+)@", re.IGNORECASE),
    re.compile(r"[a-z][a-z0-9+.-]*://(?P<secret>[^\s:/@\"'<>]{16,})@", re.IGNORECASE),
    # Authorization: Bearer ..., also Basic, Dremio's own scheme and a header without a scheme
    re.compile(
        rf"authorization{_ASSIGNMENT}\\?[\"']?(?:(?:bearer|basic|token|digest|aws4-hmac-sha256)[ \t]+)?"
        r"(?P<secret>[^\s\"'\\][^\"'\r\n\\]*)",
        re.IGNORECASE,
    ),
    re.compile(r"\bbearer[ \t]+(?P<secret>[a-z0-9._~+/=-]{8,})", re.IGNORECASE),
    re.compile(r"(?P<secret>\b_dremio[a-z0-9]{12,})", re.IGNORECASE),
    # password=..., "client_secret": "...", X-Amz-Signature=...
    re.compile(
        r"(?:pass(?:word|wd|phrase)|pwd|secret|(?:api|access|account|fernet|private|signing)[_-]?key|credentials?"
        r"|(?:access|refresh|id|auth|session|security|csrf|api|bearer|client|bot|oauth)[_-]?token"
        r"|x-amz-(?:signature|credential|security-token)|(?:set-)?cookie|aws_secret_access_key)"
        rf"{_ASSIGNMENT}(?:{_QUOTED_OR_WORD})",
        re.IGNORECASE,
    ),
    # token=..., where the value cannot be a word of prose
    re.compile(
        rf"\b(?:token|key|auth){_ASSIGNMENT}\\?[\"']?(?P<secret>(?=[^\s\"']*\d)[a-z0-9._~+/=-]{{12,}})",
        re.IGNORECASE,
    ),
    # keys and tokens that are known by their looks
    re.compile(r"\b(?P<secret>(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[0-9A-Z]{16})\b"),
    re.compile(r"\b(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)"),
    re.compile(
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk_live_[A-Za-z0-9]{10,})"
    ),
    re.compile(r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/_-]+)", re.IGNORECASE),
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
    ),
)
_TRIGGERS: Final = (
    "://", "auth", "bearer", "_dremio", "pass", "pwd", "secret", "key", "token", "credential", "cookie",
    "x-amz", "akia", "asia", "aroa", "aida", "agpa", "anpa", "eyj", "gh", "xox", "sk_live_", "slack",
)  # fmt: skip
_TRIGGER: Final = re.compile("|".join(map(re.escape, _TRIGGERS)))
"""In lower case: a text with none of these matches no pattern. Most lines of a log have none."""
_BASIC: Final = re.compile(r"\bbasic[ \t]+(?P<secret>[A-Za-z0-9+/]{8,}={0,2})", re.IGNORECASE)
_NOTHING_TO_HIDE: Final = {MASK, "", "none", "null", "true", "false", "{", "[", "{}", "[]"}

Span = tuple[int, int]


class Redactor:
    """Replaces secrets by `***`.

    Args:
        secrets: values to hide, in all their forms; those below four characters are not looked for.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._anywhere, words = redactable(secrets)
        self._words = [
            (word, re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])")) for word in words
        ]

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] | None = None) -> Redactor:
        """One that hides the secrets of this process's environment, or of the given one."""
        return cls(secrets_in(os.environ if environment is None else environment))

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        return _masked(text, self.spans(text))

    def all(self, texts: Sequence[str]) -> list[str]:
        """Each of the texts without its secrets; for many short ones this is faster than one by one."""
        joined = "\n".join(texts)
        anywhere = [form for form in self._anywhere if form in joined]
        words = [(word, pattern) for word, pattern in self._words if word in joined]
        return [_masked(text, self._spans(text, anywhere, words)) for text in texts]

    def part(self, text: str, start: int, end: int) -> str:
        """`text[start:end]` without its secrets, also of those that the cut goes through."""
        low, high = max(0, start - LONGEST_PATTERN), min(len(text), end + LONGEST_PATTERN)
        inside = [
            (max(a + low, start) - start, min(b + low, end) - start)
            for a, b in self.spans(text[low:high])
            if a + low < end and b + low > start
        ]
        return _masked(text[start:end], inside)

    def without_started_secret(self, text: str) -> str:
        """The text without a secret's first characters at its very end: the rest may not be written yet."""
        for form in [*self._anywhere, *(word for word, _ in self._words)]:
            for length in range(min(len(form) - 1, len(text)), SHORTEST_SECRET - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + MASK
        return text

    def spans(self, text: str) -> list[Span]:
        """Where the text holds secrets: ordered, not touching each other."""
        return self._spans(text, self._anywhere, self._words)

    def _spans(
        self, text: str, anywhere: Sequence[str], words: Sequence[tuple[str, re.Pattern[str]]]
    ) -> list[Span]:
        found: list[Span] = []
        for form in anywhere:
            found += _occurrences(text, form)
        for word, pattern in words:
            if word in text:
                found += [hit.span() for hit in pattern.finditer(text)]
        lowered = text.lower()
        if _TRIGGER.search(lowered):
            found += _looks_secret(text)
        if "basic" in lowered:
            found += [hit.span("secret") for hit in _BASIC.finditer(text) if _is_a_login(hit["secret"])]
        return _merged(found)


def _occurrences(text: str, form: str) -> Iterator[Span]:
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + 1)


def _looks_secret(text: str) -> Iterator[Span]:
    for pattern in _PATTERNS:
        for hit in pattern.finditer(text):
            for group, value in hit.groupdict().items():
                if value is not None and value.strip().lower() not in _NOTHING_TO_HIDE:
                    yield hit.span(group)


def _is_a_login(encoded: str) -> bool:
    """Is it the Base64 of `user:password`, and not a word of prose?"""
    try:
        return b":" in base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return False


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def _masked(text: str, spans: Sequence[Span]) -> str:
    if not spans:
        return text
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])
