"""How often each reflection was what to a query since the engine started."""

import threading
from collections import Counter
from collections.abc import Iterable


class Usage:
    """Counts of (reflection id, CONSIDERED, MATCHED or CHOSEN). Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, reflection_id: str, words: Iterable[str]) -> None:
        """Count what a reflection was to one query."""
        with self._lock:
            self._counts.update((reflection_id, word) for word in words)

    def counts(self) -> Counter[tuple[str, str]]:
        """The counts so far."""
        with self._lock:
            return self._counts.copy()
