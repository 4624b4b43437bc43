"""One target per session; the known exceptions as strict expected failures; a plain summary at the end."""

from collections.abc import Iterator

import pytest
from tests.conformance import exceptions, target
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client

# dbt's own fixtures; its tests find their Dremio through dbt/conftest.py.
pytest_plugins = ["dbt.tests.fixtures.project"]


@pytest.fixture(scope="session")
def dremio() -> Iterator[Target]:
    """What the suite runs against."""
    with target.opened() as opened:
        yield opened


@pytest.fixture(scope="session")
def client(dremio: Target) -> Client:
    """A logged-in REST client."""
    return dremio.client()


def pytest_configure(config: pytest.Config) -> None:
    # How dbt's standard tests write their fixtures is theirs to change.
    config.addinivalue_line("filterwarnings", "ignore::pytest.PytestRemovedIn10Warning")
    config.addinivalue_line("filterwarnings", "ignore::RuntimeWarning:agate")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    exceptions.mark(items, whole=not any("::" in argument for argument in config.args))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    exceptions.report(terminalreporter)
