"""Where this platform keeps its state and which ports it uses; read from the environment, once.

Only the standard library is used, so that any service can import it at no cost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import PlatformError

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"

DEFAULT_PORTS: Mapping[str, int] = {
    "AIRFLOW": 8080,
    "SUPERSET": 8088,
    "POSTGRES": 15432,
    "S3": 9000,
    "SWIFT_OBJECT": 16200,
    "SWIFT_CONTAINER": 16201,
    "SWIFT_ACCOUNT": 16202,
    "AIRBYTE": 8001,
    "DREMIO": 9047,
    "DREMIO_FLIGHT": 32010,
    "SHOP": 8070,
    "ELASTICSEARCH": 9200,
    "ELASTICSEARCH_TRANSPORT": 9300,
    "PROMETHEUS": 9090,
    "ALERTMANAGER": 9093,
    "OBSERVER": 9187,
}

STATE_DIR = "LAKEHOUSE_STATE_DIR"
RECEIPTS_DIR = "LAKEHOUSE_RECEIPTS_DIR"
PORT_VARIABLES = ("LAKEHOUSE_PORT_OFFSET", *(f"LAKEHOUSE_PORT_{name}" for name in DEFAULT_PORTS))
LARGEST_PORT = 65535
OBSERVE = "OBSERVE"
"""The variable that asks for the services that observe the platform, `1` or `0`."""


class SettingsError(PlatformError, ValueError):
    """A LAKEHOUSE_* variable has a value that cannot be used; the message names it."""


@dataclass(frozen=True)
class Settings:
    """State folder, receipts folder and ports (by the names of `DEFAULT_PORTS`) of one platform."""

    state_dir: Path
    receipts_dir: Path
    ports: Mapping[str, int]
    port_variables: Mapping[str, str]
    """The LAKEHOUSE_PORT_* variables the ports came from: what a child process needs to find the same."""
    observe: bool = False
    """Whether `up` also starts the services that observe the platform."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of the platform that `environ` (default: this process's) describes.

        Raises SettingsError for a port that is not a number, out of range, or used twice, and for a switch
        that is neither 1 nor 0.
        """
        env = os.environ if environ is None else environ
        return cls(
            state_dir=state_folder(env),
            receipts_dir=_folder(env, RECEIPTS_DIR, ROOT / ".local" / "receipts"),
            ports=_ports(env),
            port_variables={name: env[name] for name in PORT_VARIABLES if env.get(name)},
            observe=_switch(env, OBSERVE),
        )

    def port(self, name: str) -> int:
        return self.ports[name]

    @property
    def envs_dir(self) -> Path:
        """The locked environments; they belong to the checkout, not to the state."""
        return ROOT / ".local" / "envs"

    def python(self, env: str) -> Path:
        """The interpreter of a locked environment (airflow, dbt, superset, embedded, connectors, lint)."""
        return self.envs_dir / env / "bin" / "python"

    @property
    def logs_dir(self) -> Path:
        return self.state_dir / "logs"

    @property
    def run_dir(self) -> Path:
        return self.state_dir / "run"

    @property
    def home_dir(self) -> Path:
        """The home of every process of the platform."""
        return self.state_dir / "home"

    def service_dir(self, service: str) -> Path:
        return self.state_dir / service


def state_folder(env: Mapping[str, str]) -> Path:
    """The folder of everything that the platform keeps."""
    return _folder(env, STATE_DIR, ROOT / ".local" / "state")


def _folder(env: Mapping[str, str], variable: str, default: Path) -> Path:
    value = env.get(variable, "").strip()
    return Path(value).expanduser().resolve() if value else default


def _ports(env: Mapping[str, str]) -> dict[str, int]:
    offset = _number(env, "LAKEHOUSE_PORT_OFFSET", 0)
    ports = {
        name: _number(env, f"LAKEHOUSE_PORT_{name}", default + offset)
        for name, default in DEFAULT_PORTS.items()
    }
    taken: dict[int, str] = {}
    for name, port in ports.items():
        if not 1024 <= port <= LARGEST_PORT:
            raise SettingsError(
                f"port {port} of {name} is outside 1024-{LARGEST_PORT}: "
                f"change LAKEHOUSE_PORT_{name} or LAKEHOUSE_PORT_OFFSET"
            )
        if port in taken:
            raise SettingsError(f"port {port} is given to both {taken[port]} and {name}: move one of them")
        taken[port] = name
    return ports


def _switch(env: Mapping[str, str], variable: str) -> bool:
    value = env.get(variable, "").strip()
    if value not in ("", "0", "1"):
        raise SettingsError(f"{variable}={value!r} is neither 1 nor 0")
    return value == "1"


def _number(env: Mapping[str, str], variable: str, default: int) -> int:
    value = env.get(variable, "").strip()
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise SettingsError(f"{variable}={value!r} is not a whole number") from None
