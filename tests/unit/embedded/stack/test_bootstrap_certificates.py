"""Behind a company's own certificate authority: uv trusts whom pip trusts, or it is said why not."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from embedded import certificates
from embedded.certificates import certificates_for_uv
from embedded.settings import ROOT
from testing.tls_index import MODULE, TlsIndex, tls_index

CONFIGURED = ("UV_", "PIP_", "SSL_", "REQUESTS_", "CURL_", "XDG_")
NAMES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[TlsIndex]:
    with tls_index(tmp_path / "index") as served:
        yield served


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: TlsIndex) -> ModuleType:
    """The script, which builds one environment with one package from that index; nothing is trusted yet."""
    for name in list(os.environ):
        if name.startswith(CONFIGURED):
            monkeypatch.delenv(name)
    loader = SourceFileLoader("bootstrap", str(ROOT / "bin" / "bootstrap"))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    (tmp_path / "tiny.lock").write_text(index.lock)
    for name, value in {
        "ENVS": tmp_path / "envs",
        "REQUIREMENTS": tmp_path,
        "LOCKS": {"tiny": ("tiny.lock",)},
        "PACKAGES": {},
    }.items():
        monkeypatch.setattr(module, name, value)
    module.ENVS.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "shared"))
    monkeypatch.setattr(certificates, "MACHINES_FILE", tmp_path / "pip.conf")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return module


def installed(bootstrap: ModuleType) -> str:
    python = bootstrap.ENVS / "tiny" / "bin" / "python"
    asked = f"import {MODULE}; print({MODULE}.WHENCE)"
    return subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("name", NAMES)
def test_uv_trusts_the_authority_that_a_variable_names(
    bootstrap: ModuleType, index: TlsIndex, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(index.authority))
    bootstrap.build("tiny")
    assert installed(bootstrap) == "the index of the test"


@pytest.mark.parametrize("place", ["home/.config/pip/pip.conf", "home/.pip/pip.conf", "named.conf"])
def test_uv_trusts_the_authority_of_pips_configuration_file(
    bootstrap: ModuleType, index: TlsIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[global]\ntimeout = 5\ncert = {index.authority}\n")
    if place == "named.conf":
        monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    bootstrap.build("tiny")
    assert installed(bootstrap) == "the index of the test"


def test_an_authority_that_nobody_named_is_told_as_that_with_what_to_set(bootstrap: ModuleType) -> None:
    """It was uv's hint, a flag that the user cannot pass; `UnknownIssuer` stood in the log only."""
    with pytest.raises(SystemExit) as failed:
        bootstrap.build("tiny")
    told = str(failed.value)
    assert told.startswith(
        "error: cannot build tiny: cause: invalid peer certificate: UnknownIssuer (all of it: "
    )
    assert "export PIP_CERT=/path/to/ca.pem" in told
    assert "--system-certs" not in told
    assert not (bootstrap.ENVS / "tiny" / bootstrap.STAMP).exists()


def test_the_wrong_authority_is_named(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tls_index(tmp_path / "another") as other:
        monkeypatch.setenv("PIP_CERT", str(other.authority))
        with pytest.raises(SystemExit, match=rf"PIP_CERT={other.authority} does not hold it"):
            bootstrap.build("tiny")


def test_a_file_that_is_not_there_is_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "/nowhere/ca.pem")
    with pytest.raises(SystemExit, match=r"PIP_CERT names /nowhere/ca\.pem, which is not there: correct it"):
        bootstrap.build("tiny")


def test_the_systems_store_is_tried_when_nothing_is_configured(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's pip trusts it, so an administrator may have put the authority there and nowhere else."""
    tried = []

    def attempt(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        tried.append(environment.get("UV_SYSTEM_CERTS"))
        trusted = environment.get("UV_SYSTEM_CERTS") == "true"
        told = "" if trusted else "cause: invalid peer certificate: UnknownIssuer"
        return subprocess.CompletedProcess(command, 0 if trusted else 2, "", told)

    monkeypatch.setattr(bootstrap, "attempt", attempt)
    bootstrap.run(["uv", "pip", "sync"], "tiny")
    assert tried == [None, "true"]


def test_what_uv_was_told_itself_and_pips_order_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificates, "MACHINES_FILE", tmp_path / "nowhere")
    mine, theirs = tmp_path / "mine.pem", tmp_path / "theirs.pem"
    config = tmp_path / "pip.conf"
    config.write_text(f"[global]\ncert = {theirs}\n[install]\ncert = {mine}\n")
    alone = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(config)}
    assert certificates_for_uv(alone) == {"SSL_CERT_FILE": str(mine)}
    assert certificates_for_uv(alone | {"PIP_CERT": str(theirs)}) == {"SSL_CERT_FILE": str(theirs)}
    assert certificates_for_uv(alone | {"REQUESTS_CA_BUNDLE": str(theirs)}) == {"SSL_CERT_FILE": str(mine)}
    assert certificates_for_uv(alone | {"PIP_CERT": str(tmp_path)}) == {"SSL_CERT_DIR": str(tmp_path)}
    for own in ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):
        assert certificates_for_uv(alone | {own: "told"}) == {}
    assert certificates_for_uv({"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}) == {}
