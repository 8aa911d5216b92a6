# SPDX-License-Identifier: Apache-2.0
"""What the page says when something is away."""

import re

from playwright.sync_api import expect


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
