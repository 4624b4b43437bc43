"""Wikis and tags of catalog objects."""

import json
import uuid
from typing import Any

from dremio_engine.errors import Conflict, EngineError
from dremio_engine.state import StateFile

LONGEST_TAG = 128  # Dremio's


class Notes:
    """Both follow Dremio's rule: a write names the version it saw, or none for the first tags."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def wiki(self, entity_id: str) -> dict[str, Any]:
        """`{"text", "version"}`; an object without a wiki has an empty text and no version."""
        row = self._state.row("select text, version from wikis where entity_id = ?", entity_id)
        return {"text": row["text"], "version": row["version"]} if row else {"text": ""}

    def set_wiki(self, entity_id: str, text: str, version: int | None) -> dict[str, Any]:
        """Write the wiki; the first one whatever its version. Raises Conflict when it is not the newest."""
        current = self.wiki(entity_id).get("version")
        if current is not None and current != version:
            raise Conflict(f"The provided version [{version}] does not match the stored version [{current}].")
        newest = 0 if current is None else current + 1
        self._state.write("insert or replace into wikis values (?, ?, ?)", entity_id, text, newest)
        return {"text": text, "version": newest}

    def tags(self, entity_id: str) -> dict[str, Any]:
        """`{"tags", "version"}`; no version when there never were tags."""
        row = self._state.row("select tags, version from tags where entity_id = ?", entity_id)
        return {"tags": json.loads(row["tags"]), "version": row["version"]} if row else {"tags": []}

    def set_tags(self, entity_id: str, tags: list[str], version: str | None) -> dict[str, Any]:
        """Write the tags. Raises Conflict when `version` is not the newest."""
        for tag in tags:
            if not tag.strip() or len(tag) > LONGEST_TAG:
                raise EngineError(f"Tag [{tag}] must have between 1 and {LONGEST_TAG} characters.")
        if len(set(tags)) != len(tags):
            raise EngineError("Tags must be unique.")
        current = self.tags(entity_id).get("version")
        if current != version:
            raise Conflict(f"The tags were changed meanwhile: their version is {current}, not {version}.")
        newest = uuid.uuid4().hex
        self._state.write("insert or replace into tags values (?, ?, ?)", entity_id, json.dumps(tags), newest)
        return {"tags": tags, "version": newest}
