"""What keeps the engine from starting is told in one line."""

import logging
import socket
import sys

import pytest

from dremio_engine.__main__ import main


def test_a_port_of_flight_that_somebody_has_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DREMIO_PASSWORD", "secret")
    monkeypatch.delenv("DREMIO_HOST", raising=False)
    with socket.socket() as taken, caplog.at_level(logging.ERROR):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(sys, "argv", ["dremio_engine", "--flight-port", str(port)])
        assert main() == 2
    assert f"Flight cannot listen on 127.0.0.1:{port}: Address already in use" in caplog.text
