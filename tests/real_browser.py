# SPDX-License-Identifier: Apache-2.0
"""A real browser, headless: MINOVA_TEST_CHROMIUM names it, else it is looked for."""

import contextlib
import os
import shutil
import urllib.parse

from playwright import sync_api

from tests import conftest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox it runs as root, too; the rest keeps it from asking anybody but us.
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# The machine may be busy.
PATIENCE_MILLISECONDS = 45_000
sync_api.expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextlib.contextmanager
def running():
    """Of one file at most: as long as Playwright is at work its thread can run no event loop of another test."""
    path = os.environ.get("MINOVA_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        conftest.missing(
            f"no browser: none of {', '.join(NAMES)} is on the PATH, and MINOVA_TEST_CHROMIUM is unset"
        )
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield chromium
        chromium.close()


class Visit:
    """One window on one view of the page."""

    def __init__(self, browser, url, view, width, options):
        self.strangers = []
        self.errors = []
        self._host = urllib.parse.urlsplit(url).netloc
        self._context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page.on("request", self._asked)
        self.page.on("console", self._wrote)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{url}/#{view}")

    def close(self):
        self._context.close()

    def _asked(self, request):
        if urllib.parse.urlsplit(request.url).netloc != self._host:
            self.strangers.append(request.url)

    def _wrote(self, message):
        # A refusal is told in the page; that the browser notes it as well is no fault of a script.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.errors.append(message.text)
