# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser on a real RabbitMQ, which traces only when it is told to."""

import re
import shlex

import pytest
from playwright.sync_api import expect

from tests import real_browser, tracing
from tests.up_process import UpProcess

BOOT_MESSAGES = 8


@pytest.fixture(scope="module")
def browser():
    with real_browser.running() as chromium:
        yield chromium


@pytest.fixture
def up(rabbitmq_url, tmp_path):
    """On a virtual host that is not traced."""
    tracing.control("trace_off", rabbitmq_url)
    running = UpProcess(tmp_path / "state", "--hosts", "1", "--transport-url", rabbitmq_url)
    yield running.wait_ready()
    running.stop()
    tracing.control("trace_off", rabbitmq_url)


@pytest.fixture
def page(browser, up):
    """The page; at the end it is checked that no script has failed."""
    visit = real_browser.Visit(browser, up.page_url, "messages", 1440, {})
    yield visit.page
    visit.close()
    assert visit.strangers + visit.errors == []


def test_what_it_says_to_type_makes_the_messages_of_a_boot_come(page, up, rabbitmq_url):
    typed = page.get_by_role("alert").locator("pre")
    expect(typed).to_have_count(1)
    command = shlex.split(typed.inner_text())
    virtual_host = tracing.virtual_host(rabbitmq_url)
    assert command == ["rabbitmqctl", "trace_on", *(["-p", virtual_host] if virtual_host != "/" else [])]
    expect(page.locator("#status")).to_contain_text("tracing off")
    up.boot("unseen")
    expect(page.locator("#status")).to_have_text("tracing off · 0 messages")

    tracing.control("trace_on", rabbitmq_url)
    expect(page.locator("#status")).to_contain_text("watching")
    expect(typed).to_have_count(0)
    up.boot("seen")
    page.get_by_role("link", name=re.compile("^boot of seen ")).click()
    expect(page.get_by_role("heading", name="boot of seen")).to_be_visible()
    expect(page.locator("#diagram .message")).to_have_count(BOOT_MESSAGES)
    expect(page.get_by_role("link", name=re.compile("^boot of unseen "))).to_have_count(0)


def test_other_views_show_what_there_is_on_rabbitmq(page, up):
    page.get_by_role("tab", name="Debugger").click()
    expect(page.get_by_text("Holds and faults on the bus need the embedded broker")).to_be_visible()
    expect(page.get_by_role("button", name="Hold", exact=True)).to_be_hidden()
    page.get_by_role("tab", name="Topology").click()
    queue = (
        page.get_by_role("table", name="Queues")
        .get_by_role("row")
        .filter(has_text=re.compile("^compute.host1"))
    )
    expect(queue.get_by_role("cell").nth(1)).to_have_text("1")
    page.get_by_role("tab", name="Services").click()
    services = page.locator("#service-list")
    expect(services.get_by_role("heading", name="conductor")).to_be_visible()
    expect(services.get_by_role("heading", name="broker")).to_have_count(0)
