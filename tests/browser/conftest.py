# SPDX-License-Identifier: Apache-2.0
"""A real browser before a real `minova up`; see real_browser.py."""

import pytest

from tests import real_browser
from tests.up_process import UpProcess


@pytest.fixture(scope="module")
def browser():
    with real_browser.running() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def up(browser, tmp_path_factory):
    """One for all tests of a file."""
    with UpProcess(tmp_path_factory.mktemp("page") / "state") as running:
        yield running.wait_ready()


@pytest.fixture
def visit(browser, up):
    """Opens the page; at the end it is checked that nobody else was asked, and that no script has failed."""
    visits = []

    def visit(view="messages", width=1440, **options):
        visits.append(real_browser.Visit(browser, up.page_url, view, width, options))
        return visits[-1].page

    yield visit
    for each in visits:
        each.close()
    assert [text for each in visits for text in each.strangers + each.errors] == []
