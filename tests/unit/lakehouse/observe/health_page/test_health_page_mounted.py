"""The plugin costs the processes that never show the page next to nothing."""

from __future__ import annotations

import subprocess
import sys

from airflow.plugins_manager import get_plugin_info

from lakehouse.observe.health_page.mounted import EXTERNAL_VIEW, FASTAPI_APP, PREFIX, HealthPage

PROBE = """
import sys
from lakehouse.observe.health_page import mounted
libraries = ("airflow", "fastapi", "jinja2", "psycopg")
heavy = [name for name in sys.modules if name.partition(".")[0] in libraries]
print(heavy, sum(name.startswith("lakehouse") for name in sys.modules))
"""


def test_registering_the_page_loads_neither_the_page_nor_a_library() -> None:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ")
    # lakehouse, observe, health_page, mounted
    assert int(done.stdout.split()[-1]) <= 4


def test_airflow_finds_the_page_and_its_place_in_the_menu() -> None:
    mine = next(each for each in get_plugin_info() if each["name"] == "lakehouse")
    assert [each["url_prefix"] for each in mine["fastapi_apps"]] == [PREFIX]
    view = next(each for each in mine["external_views"] if each["url_route"] == "health")
    assert view["name"] == "Health"
    assert f"/{view['href']}".startswith(f"{FASTAPI_APP['url_prefix']}/")
    assert EXTERNAL_VIEW["destination"] == "nav"
    assert isinstance(FASTAPI_APP["app"], HealthPage)
