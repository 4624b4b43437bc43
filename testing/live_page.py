"""A headless Chromium that looks at a dashboard and says when something appears on it.

It runs in Superset's environment, which has Selenium: `python testing/live_page.py URL`, with SUPERSET_URL,
SUPERSET_USER and SUPERSET_PASSWORD set. When every chart is drawn it prints a line of JSON. Then it reads
texts from its input, one a line, waits until each is on the page, and prints when. At the end of its input it
prints what the browser has asked of Superset meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

SECONDS: Final = 120
"""Only a hang passes it, on a busy machine too."""
LOOK_SECONDS: Final = 0.05
USER: Final = "#username, input[name=username]"
PASSWORD: Final = "#password, input[name=password]"
DRAWN: Final = """
const charts = [...document.querySelectorAll('.dashboard-chart')];
return charts.length > 0 && !document.querySelector('.loading, [data-test="loading-indicator"]');
"""


def main() -> None:
    """Look at the page until the input ends."""
    with chromium() as browser:
        sign_in(browser)
        browser.get(sys.argv[1])
        began = time.time()
        wait(browser, lambda: browser.execute_script(DRAWN), "every chart is drawn")
        tell(drawn_after=time.time() - began, text=browser.execute_script("return document.body.innerText"))
        for line in sys.stdin:
            text = line.strip()
            wait(browser, partial(shows, browser, text), f"{text} is on the page")
            tell(shown=text, at=time.time())
        if picture := os.environ.get("PICTURE"):
            browser.save_screenshot(picture)
        tell(**asked(browser))


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser with a profile of its own."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-page-", ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = os.environ["CHROMIUM"]
        for each in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1366,1800", f"--user-data-dir={profile}",
        ):  # fmt: skip
            options.add_argument(each)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(os.environ["CHROMEDRIVER"]))
        try:
            yield browser
        finally:
            browser.quit()


def sign_in(browser: Any) -> None:
    """As a person does, in the form."""
    browser.get(f"{os.environ['SUPERSET_URL']}/login/")
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, PASSWORD), "the sign-in form")
    browser.find_element(By.CSS_SELECTOR, USER).send_keys(os.environ["SUPERSET_USER"])
    browser.find_element(By.CSS_SELECTOR, PASSWORD).send_keys(os.environ["SUPERSET_PASSWORD"] + "\n")
    wait(browser, lambda: "/login" not in browser.current_url, "the sign-in is accepted")


def shows(browser: Any, text: str) -> bool:
    """Is the text on the page, where a reader sees it?"""
    return bool(browser.execute_script("return document.body.innerText.includes(arguments[0])", text))


def wait(browser: Any, condition: Callable[[], object], what: str) -> None:
    WebDriverWait(browser, SECONDS, poll_frequency=LOOK_SECONDS).until(lambda _: condition(), what)


def asked(browser: Any) -> dict[str, int]:
    """The requests for charts, and how many of them went round the cache."""
    charts = forced = 0
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] != "Network.requestWillBeSent":
            continue
        request = message["params"]["request"]
        if "/api/v1/chart/data" in request["url"]:
            charts += 1
            forced += '"force":true' in request.get("postData", "")
    return {"charts_asked": charts, "forced": forced}


def tell(**facts: Any) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
