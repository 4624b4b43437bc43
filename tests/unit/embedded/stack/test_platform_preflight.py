"""Preflight: one line per problem, each with what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from embedded.composition.needs import NEEDS
from embedded.object_store.service import object_store
from embedded.settings import HOST, Settings
from embedded.stack.ports import port_is_free
from embedded.stack.preflight import Needs, PreflightError, check_machine
from embedded.stack.service import Service, nothing


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        yield listener.getsockname()[1]


NOTHING = Needs(environments=(), disk_bytes=0, memory_bytes=0)
"""What every machine has, so that each test takes one thing away."""


def shop_at(port: int, folder: Path) -> tuple[Settings, Service]:
    environ = {"LAKEHOUSE_PORT_SHOP": str(port), "LAKEHOUSE_STATE_DIR": str(folder)}
    return Settings.from_environ(environ), Service("shop", "Shop", "", ("SHOP",), (), nothing)


def test_a_port_in_use_names_port_holder_and_both_ways_out(taken_port: int, tmp_path: Path) -> None:
    settings, shop = shop_at(taken_port, tmp_path)
    with pytest.raises(PreflightError) as refused:
        check_machine(settings, NOTHING, [shop])
    [problem] = refused.value.problems
    assert f"port {taken_port} (shop)" in problem
    assert f"pid {os.getpid()}" in problem
    assert "LAKEHOUSE_PORT_SHOP=" in problem
    assert "LAKEHOUSE_PORT_OFFSET=" in problem
    assert "\n" not in problem


def test_a_ready_machine_passes_and_nothing_is_left_behind(taken_port: int, tmp_path: Path) -> None:
    settings, _ = shop_at(taken_port, tmp_path / "state")
    check_machine(settings, NOTHING, [])
    assert list((tmp_path / "state").iterdir()) == []


def test_a_port_whose_connections_have_just_closed_is_free() -> None:
    """`make down && make up`: the old connections are in TIME_WAIT for a minute."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not port_is_free(port)
        with socket.create_connection((HOST, port)), listener.accept()[0] as served:
            served.close()
    assert port_is_free(port)


def test_too_little_disk_is_said_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = replace(NOTHING, disk_bytes=NEEDS.disk_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=2**30))
    settings, _ = shop_at(8070, tmp_path)
    with pytest.raises(PreflightError, match=r"only 1\.0 GiB free in .*, 5 GiB needed"):
        check_machine(settings, needs, [])


def test_too_little_memory_is_said_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = replace(NOTHING, memory_bytes=NEEDS.memory_bytes)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30))
    settings, _ = shop_at(8070, tmp_path)
    with pytest.raises(PreflightError, match=r"only 1\.0 GiB of memory available, 5 GiB needed"):
        check_machine(settings, needs, [])


def test_a_disk_without_extended_attributes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    settings, _ = shop_at(8070, tmp_path)
    lake = replace(object_store(settings, {"LAKE_S3_SECRET_KEY": "-"}), ports=())
    with pytest.raises(PreflightError, match=r"cannot hold the object store .* LAKEHOUSE_STATE_DIR"):
        check_machine(settings, NOTHING, [lake])


def test_a_disk_with_extended_attributes_is_accepted_and_the_probe_is_removed(tmp_path: Path) -> None:
    settings, _ = shop_at(8070, tmp_path)
    lake = replace(object_store(settings, {"LAKE_S3_SECRET_KEY": "-"}), ports=())
    check_machine(settings, NOTHING, [lake])
    assert list((tmp_path / "object_store").iterdir()) == []


def test_environments_that_are_not_built_are_named(tmp_path: Path) -> None:
    settings, _ = shop_at(8070, tmp_path)
    needs = replace(NOTHING, environments=("embedded", "atlantis"))
    with pytest.raises(PreflightError, match=r"not built: atlantis. Run `make setup`"):
        check_machine(settings, needs, [])


@pytest.mark.parametrize(
    ("value", "words"), [("1e9", "1e+09 GiB needed"), ("much", "'much' is not a number")]
)
def test_the_disk_needed_can_be_set(
    value: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_NEEDED_DISK_GIB", value)
    settings, _ = shop_at(20_000, tmp_path)
    with pytest.raises(PreflightError) as refused:
        check_machine(settings, NOTHING, [])
    assert words in str(refused.value)
