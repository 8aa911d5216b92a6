# SPDX-License-Identifier: Apache-2.0
"""What the page says when something is away."""

import os
import re
import signal

import amqp
from playwright.sync_api import expect

from minova.trace.firehose import broker_addresses
from tests.barriers import barriers


def act(page, service, label):
    page.get_by_role("tab", name="Services").click()
    page.get_by_role("button", name=f"{label} {service}", exact=True).click()


def test_the_view_of_servers_says_that_the_api_is_away_and_recovers(visit):
    page = visit("services")
    act(page, "api", "Stop")
    expect(page.get_by_role("button", name="Start api", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Servers").click()
    expect(page.get_by_role("alert")).to_contain_text("API")
    act(page, "api", "Start")
    expect(page.get_by_role("button", name="Stop api", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Servers").click()
    expect(page.get_by_role("row").filter(has_text="host1")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="API")).to_have_count(0)


def test_a_broker_that_went_is_told_and_so_is_its_return(visit):
    page = visit("services")
    act(page, "broker", "Stop")
    expect(page.get_by_role("alert")).to_contain_text("The broker is away.")
    expect(page.locator("#status")).to_contain_text("broker away")
    act(page, "broker", "Start")
    expect(page.locator("#status")).to_contain_text("watching")
    expect(page.get_by_role("alert").filter(has_text="broker")).to_have_count(0)


def test_where_nothing_is_traced_it_says_what_to_type(visit):
    page = visit("messages")

    def answer(route):
        state = route.fetch().json()
        state["bus"] |= {
            "tracing": False,
            "hint": "On RabbitMQ's machine type, as root:\n  rabbitmqctl trace_on",
        }
        route.fulfill(json=state)

    page.route("**/api/state", answer)
    expect(page.get_by_role("alert").locator("pre")).to_have_text("rabbitmqctl trace_on")
    expect(page.locator("#status")).to_contain_text("tracing off")


def test_a_long_status_leaves_the_page_as_wide_as_the_window(visit):
    page = visit("services", width=390)

    def answer(route):
        state = route.fetch().json()
        state["bus"]["state"], state["trace"]["messages"] = "connecting", 1_234_567
        route.fulfill(json=state)

    page.route("**/api/state", answer)
    expect(page.locator("#status")).to_have_text("broker away · 1,234,567 messages")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_copies_that_the_page_missed_are_told_until_that_is_read(visit, up):
    page = visit("messages")
    expect(page.locator("#status")).to_contain_text("watching")
    paused = up.record()["processes"]["page"]
    os.kill(paused, signal.SIGSTOP)
    try:
        publish(up.record()["transport_url"], times=120, size_bytes=1_000_000)
    finally:
        os.kill(paused, signal.SIGCONT)
    notice = page.get_by_role("alert").get_by_text("Diagrams have gaps")
    expect(notice).to_contain_text(re.compile(r"threw away at least \d+ copies of messages"))
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []
    page.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()


def publish(transport_url, times, size_bytes):
    """More than the broker keeps for a page that does not read: 64 MB."""
    address = broker_addresses(transport_url)[0]
    with amqp.Connection(f"{address.host}:{address.port}") as connection:
        channel = connection.channel()
        for _ in range(times):
            channel.basic_publish(amqp.Message("x" * size_bytes), exchange="", routing_key="nobody")
        # Anything that is answered: the broker has by then seen what was published.
        channel.queue_declare("", exclusive=True)


def test_a_page_whose_server_has_gone_says_so(visit):
    page = visit("messages")
    expect(page.locator("#status")).to_contain_text(re.compile("watching|broker"))
    page.context.set_offline(True)
    expect(page.get_by_role("alert")).to_contain_text("Is minova up still running?")
    page.context.set_offline(False)
    expect(page.get_by_role("alert").filter(has_text="minova up")).to_have_count(0)


def test_trouble_leaves_the_page_as_wide_as_the_window(visit):
    page = visit("messages")
    page.route("**/api/state", lambda route: route.abort())
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
