"""The sources that a call of `bin/source add` names, or those of the last call, and what they offer."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lakehouse.onboarding.adding.address import hidden_prompt, read_address
from lakehouse.onboarding.profiling.drops import place_of_pattern
from lakehouse.onboarding.profiling.files import profile_place
from lakehouse.onboarding.profiling.postgres import profile_postgres
from lakehouse.onboarding.profiling.profile import SourceProfile
from lakehouse.onboarding.profiling.rest import profile_manifest, read_manifest
from lakehouse.onboarding.writing.blueprint import Blueprint, BlueprintError, Source
from lakehouse.onboarding.writing.naming import variable
from lakehouse.platform.connections import connection

_GIVEN_BY_CONNECTION = {"base_url", "api_token"}
"""Keys of a manifest's configuration that the Airflow connection fills in."""


@dataclass(frozen=True)
class Given:
    """A source: how it was brought in so far, what it offers now, and what `.env` must hold."""

    source: Source
    profile: SourceProfile
    values: Mapping[str, str]
    files: Mapping[str, str]
    """Further files by path: an API's manifest."""


def named_kinds(options: argparse.Namespace, blueprint: Blueprint) -> list[str]:
    """The kinds of source that a call names; none: all that the blueprint has.

    Raises:
        BlueprintError: the business is new, and the call names no source.
    """
    named = [kind for kind in ("postgres", "files", "rest") if getattr(options, kind)]
    if not named and not blueprint.sources:
        raise BlueprintError(
            f"{blueprint.business} is new: give its source with --postgres DSN, --files PATTERN "
            "or --rest MANIFEST"
        )
    return named


def given_sources(
    options: argparse.Namespace, blueprint: Blueprint, known: Mapping[str, str], root: Path
) -> Iterator[Given]:
    """Look at each source that is named; without any, at all that the blueprint has.

    Raises:
        BlueprintError: a source is not described well enough.
        ProfileError: it cannot be looked at.
    """
    for kind in named_kinds(options, blueprint) or [source.kind for source in blueprint.sources]:
        source = blueprint.source(kind) or Source(kind, options.prefix or f"{blueprint.business}_", ())
        if options.prefix and options.prefix != source.prefix:
            raise BlueprintError(
                f"--prefix {options.prefix}: {blueprint.business} was brought in with {source.prefix}"
            )
        look = {"postgres": _postgres, "files": _files, "rest": _rest}[kind]
        yield look(options, source, blueprint.business, known, root)


def _postgres(
    options: argparse.Namespace, source: Source, business: str, known: Mapping[str, str], root: Path
) -> Given:
    address = read_address(
        options.postgres, business, known, str(source.settings.get("ssl_mode", "")), hidden_prompt()
    )
    schemas = options.schema or source.settings.get("schemas") or ["public"]
    # A source that was brought in before is looked at whole, so that what is new is seen.
    tables = () if source.tables else options.tables
    logged = [table.name for table in source.tables if table.mode == "cdc"]
    asked = [table for table, mode in options.mode if mode == "cdc"]
    cdc = list(dict.fromkeys([*options.cdc, *asked, *logged]))
    profile = profile_postgres(address.dsn, tables=tables, cdc=cdc, schemas=schemas)
    settings = {"schemas": list(schemas), "ssl_mode": address.encryption.mode}
    if address.encryption.files:
        settings["ssl_files"] = list(address.encryption.files)
    return Given(replace(source, settings=settings), profile, address.values(business), {})


def _files(
    options: argparse.Namespace, source: Source, business: str, known: Mapping[str, str], root: Path
) -> Given:
    name = variable(business, "FILES_URI")
    uri = known.get(name, "")
    if options.files:
        folder, glob = place_of_pattern(_absolute(options.files))
        uri = _uri(folder, known)
    elif uri:
        glob = str(source.settings.get("pattern", ""))
    else:
        raise BlueprintError(f"{name} has no value: set it in .env, or give --files PATTERN")
    profile = profile_place(connection(name, {f"AIRFLOW_CONN_{name}": uri}), glob)
    return Given(replace(source, settings={"pattern": glob}), profile, {name: uri}, {})


def _absolute(pattern: str) -> str:
    """A whole pattern: of a folder all files; a relative one from the folder where the call is made."""
    plain = pattern.removeprefix("file://")
    if "://" in plain:
        return pattern
    path = Path.cwd() / Path(plain).expanduser()
    return str(path / "*" if path.is_dir() else path)


def _uri(folder: str, known: Mapping[str, str]) -> str:
    """The Airflow connection of a folder or a bucket."""
    if not folder.startswith("s3://"):
        return f"fs:///?{urlencode({'path': folder})}"
    key, secret = known.get("AWS_ACCESS_KEY_ID", ""), known.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise BlueprintError(f"{folder}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the bucket")
    extra = {"bucket": folder.removeprefix("s3://").strip("/")}
    for field, variables in (
        ("region_name", ("AWS_REGION", "AWS_DEFAULT_REGION")),
        ("endpoint_url", ("AWS_ENDPOINT_URL",)),
    ):
        extra |= next(({field: known[each]} for each in variables if known.get(each)), {})
    return f"aws://{quote(key, safe='')}:{quote(secret, safe='')}@/?{urlencode(extra)}"


def _rest(
    options: argparse.Namespace, source: Source, business: str, known: Mapping[str, str], root: Path
) -> Given:
    kept = f"include/airbyte/manifests/{business}_api.yaml"
    path = Path(options.rest) if options.rest else root / kept
    manifest = read_manifest(path)
    url = options.url or known.get(variable(business, "API_URL"), "")
    if not url:
        raise BlueprintError(f"the address of {business}'s API is not known: give --url https://…")
    asked = options.token_variable or (
        variable(business, "API_TOKEN") if source.settings.get("has_token") else ""
    )
    token = known.get(asked, "") if asked else ""
    if asked and not token:
        raise BlueprintError(f"{asked} has no value: export it, it is the API's token")
    configuration = dict(source.settings.get("configuration") or {}) | dict(options.setting)
    _check_configuration(manifest, configuration, has_token=bool(token))
    settings = {"manifest": f"{business}_api.yaml", "has_token": bool(token), "configuration": configuration}
    values = {variable(business, "API_URL"): url}
    if token:
        values[variable(business, "API_TOKEN")] = token
    profile = profile_manifest(path, url, token, configuration)
    return Given(
        replace(source, settings=settings), profile, values, {kept: path.read_text(encoding="utf-8")}
    )


def _check_configuration(
    manifest: Mapping[str, Any], configuration: Mapping[str, str], has_token: bool
) -> None:
    specified = (manifest.get("spec") or {}).get("connection_specification") or {}
    missing = [
        name
        for name in specified.get("required") or []
        if name not in configuration and name not in _GIVEN_BY_CONNECTION
    ]
    if missing:
        raise BlueprintError(
            f"the manifest needs {', '.join(missing)}: give "
            + " ".join(f"--setting {name}=VALUE" for name in missing)
        )
    if "api_token" in (specified.get("required") or []) and not has_token:
        raise BlueprintError(
            "the manifest needs a token: export it and name the variable with --token-variable NAME"
        )
