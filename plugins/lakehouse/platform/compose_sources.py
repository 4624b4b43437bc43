"""The sources' variables in docker/, as airflow_settings.yaml asks for them: `bin/compose-sources`.

Whatever `airflow_settings.yaml` asks for and the Compose file does not give by hand is a source's. Between
two marks in `docker/docker-compose.yaml` and in `docker/.env.example` stand these variables, by connection;
all else in the two files is left as it is. `--check` writes nothing and fails while one is out of date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from lakehouse.platform.airflow_settings import SETTINGS_FILE, SettingsError, parse_sections, placeholders
from lakehouse.platform.whole_files import write_whole

ROOT: Final = SETTINGS_FILE.parent
COMPOSE: Final = "docker/docker-compose.yaml"
EXAMPLE: Final = "docker/.env.example"

_BEGIN: Final = (
    "# --- the sources, from airflow_settings.yaml: written by bin/compose-sources, not by hand ---"
)
_END: Final = "# --- end of the sources ---"
_BLOCK: Final = re.compile(
    f"(?P<indent>[ ]*){re.escape(_BEGIN)}\n.*?(?P=indent){re.escape(_END)}\n", re.DOTALL
)
_PASSED_ON: Final = re.compile(r"^x-connections:.*?(?=^\S|\Z)", re.DOTALL | re.MULTILINE)
_GIVEN: Final = re.compile(r"^  (?P<name>[A-Z][A-Z0-9_]*):", re.MULTILINE)
_DEFAULTS: Final = {"_PG_PORT": "5432"}
_URI_HELP: Final = (
    "An Airflow connection as a URI; percent-encode every value in it:",
    "  aws://KEY:SECRET@/?bucket=drops&region_name=eu-west-1   (other S3: &endpoint_url=https%3A%2F%2F...)",
    "  sftp://USER:PASSWORD@sftp.example.com:22/?path=%2Foutgoing",
)


def with_sources(settings: str, compose: str, example: str) -> tuple[str, str]:
    """The texts of the Compose file and of its example of variables, with the sources of `settings`.

    Raises:
        SettingsError: the settings are malformed, or a file lacks the two marks.
    """
    sections = parse_sections(settings, SETTINGS_FILE.name)
    passed_on = _PASSED_ON.search(_BLOCK.sub("", compose))
    if not passed_on:
        raise SettingsError(f"{COMPOSE} has no section `x-connections`")
    by_hand = {match["name"] for match in _GIVEN.finditer(passed_on[0])}
    sources = _variables(sections["connections"], by_hand)
    return (
        _replaced(compose, _compose_lines(sources), COMPOSE),
        _replaced(example, _example_lines(sources), EXAMPLE),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check both files; 1 when `--check` finds one out of date, 2 when they cannot be made."""
    parser = argparse.ArgumentParser(prog="bin/compose-sources", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    options = parser.parse_args(arguments)
    paths = [ROOT / COMPOSE, ROOT / EXAMPLE]
    before = [path.read_text(encoding="utf-8") for path in paths]
    try:
        after = with_sources(SETTINGS_FILE.read_text(encoding="utf-8"), *before)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stale = [(path, text) for path, old, text in zip(paths, before, after, strict=True) if old != text]
    for path, text in stale:
        name = path.relative_to(ROOT)
        if options.check:
            print(
                f"{name} is out of date with {SETTINGS_FILE.name}: run `bin/compose-sources`", file=sys.stderr
            )
        else:
            write_whole(path, text)
            print(f"wrote {name}")
    return int(options.check and bool(stale))


def _variables(
    connections: Iterable[Mapping[str, Any]], by_hand: set[str]
) -> dict[str, dict[str, str | None]]:
    """By connection its variables with their defaults, each at the first connection that asks for it."""
    seen = set(by_hand)
    found = {}
    for entry in connections:
        asked = {name: value for name, value in placeholders(dict(entry)).items() if name not in seen}
        seen.update(asked)
        if asked:
            found[str(entry["conn_id"])] = asked
    return found


def _compose_lines(sources: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    for conn_id, variables in sources.items():
        yield f"# {conn_id}"
        yield from (f"{name}: ${{{name}:?}}" for name in variables)


def _example_lines(sources: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    for conn_id, variables in sources.items():
        yield f"# {conn_id}"
        for name, default in variables.items():
            if name.endswith("_URI"):
                yield from (f"# {line}" for line in _URI_HELP)
            known = next((value for ending, value in _DEFAULTS.items() if name.endswith(ending)), "")
            yield f"{name}={known if default is None else default}"


def _replaced(text: str, lines: Iterable[str], name: str) -> str:
    found = _BLOCK.search(text)
    if not found:
        raise SettingsError(
            f"{name} lacks the lines {_BEGIN!r} and {_END!r}, between which its sources stand"
        )
    block = "".join(f"{found['indent']}{line}\n" for line in (_BEGIN, *lines, _END))
    return text[: found.start()] + block + text[found.end() :]


if __name__ == "__main__":
    sys.exit(main())
