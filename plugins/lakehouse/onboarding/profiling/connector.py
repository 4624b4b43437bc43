"""Airbyte's own runtime for low-code manifests, run here: which streams there are, their first records."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.platform.repository import REPOSITORY

CONNECTOR: Final = REPOSITORY / ".local/envs/connectors/bin/source-declarative-manifest"
SAMPLE_RECORDS: Final = 200
"""Of each stream; the connector is stopped then."""
ANSWER_SECONDS: Final = 90
_LONGEST_WORDS: Final = 240
_REFUSED: Final = re.compile(r"\b40[13]\b")
_IF_REFUSED: Final = "Is the token right? Its variable is that of --token-variable, or the one in .env."


@dataclass
class Answer:
    """What a connector said until it ended or was stopped."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    timed_out: bool = False

    @property
    def catalog(self) -> list[dict[str, Any]]:
        found = [message["catalog"]["streams"] for message in self.messages if message["type"] == "CATALOG"]
        return found[0] if found else []

    @property
    def records(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for message in self.messages:
            if message["type"] == "RECORD":
                found.setdefault(message["record"]["stream"], []).append(message["record"]["data"])
        return found

    @property
    def failure(self) -> str:
        """Why it failed, in its own words; empty if it did not."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        errors = [trace["error"] for trace in traces if "error" in trace]
        if errors:
            # What follows the first tells the same again.
            return textwrap.shorten(str(errors[0]["message"]), _LONGEST_WORDS, placeholder=" …")
        return f"no answer within {ANSWER_SECONDS} seconds" if self.timed_out else ""


class ManifestConnector:
    """A manifest with its configuration, ready to be asked."""

    def __init__(self, manifest: Path, configuration: Mapping[str, Any]) -> None:
        """Raises ProfileError when Airbyte's runtime is not installed."""
        if not CONNECTOR.exists():
            raise ProfileError("Airbyte's runtime for manifests is not installed: run make setup")
        self._manifest = manifest
        self._configuration = configuration

    def discover(self) -> list[dict[str, Any]]:
        """The streams, as Airbyte's catalog has them. Raises ProfileError."""
        answer = self._ask("discover", {})
        if not answer.catalog:
            raise ProfileError(
                f"{self._manifest.name} offers no streams: {answer.failure or 'no reason given'}"
            )
        return answer.catalog

    def sample(self, streams: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """The first records of each stream. Raises ProfileError when the API does not give them."""
        configured = [
            {
                "stream": stream,
                "sync_mode": "full_refresh",
                "destination_sync_mode": "append",
            }
            for stream in streams
        ]
        answer = self._ask("read", {"catalog": {"streams": configured}}, len(streams))
        if answer.failure:
            remedy = f" {_IF_REFUSED}" if _REFUSED.search(answer.failure) else ""
            raise ProfileError(f"the API of {self._manifest.name} cannot be read: {answer.failure}{remedy}")
        return answer.records

    def _ask(self, command: str, files: Mapping[str, Any], streams: int = 0) -> Answer:
        with tempfile.TemporaryDirectory(prefix="lakehouse-manifest-") as folder:
            call = [str(CONNECTOR), command, "--manifest-path", str(self._manifest)]
            # mkdtemp's folder is its owner's alone: the configuration may hold a token.
            for name, content in ({"config": self._configuration} | dict(files)).items():
                path = Path(folder) / f"{name}.json"
                path.write_text(json.dumps(content), encoding="utf-8")
                call += [f"--{name}", str(path)]
            answer = Answer()
            with _running(call, answer) as lines:
                counts: Counter[str] = Counter()
                for line in lines:
                    if not line.startswith("{"):
                        continue
                    message = json.loads(line)
                    if message["type"] == "RECORD":
                        name = message["record"]["stream"]
                        counts[name] += 1
                        if counts[name] > SAMPLE_RECORDS:
                            if len(counts) == streams and min(counts.values()) > SAMPLE_RECORDS:
                                break
                            continue
                    answer.messages.append(message)
            return answer


@contextmanager
def _running(call: Sequence[str], answer: Answer) -> Iterator[Iterator[str]]:
    """The lines that a program prints. It is stopped at the end, and after ANSWER_SECONDS."""
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:

        def give_up() -> None:
            answer.timed_out = True
            process.kill()

        timer = threading.Timer(ANSWER_SECONDS, give_up)
        timer.start()
        try:
            yield iter(process.stdout or ())
        finally:
            timer.cancel()
            process.kill()
