# SPDX-License-Identifier: Apache-2.0
"""What holds for every view: its width, its accessibility, its keyboard; and what the views of the cloud show."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from tests.barriers import barriers

WIDTHS = (390, 820, 1440)
# View to a locator of what it shows when it has read its answers.
VIEWS = {
    "messages": "#diagram .message",
    "servers": "#host-table tbody tr",
    "topology": "#topology-tables tbody tr",
    "services": "#service-list .service",
}


@pytest.fixture(scope="module")
def server(up):
    """A server on some host; there is also one that found none."""
    up.boot("lost", **{"os:scheduler_hints": {"same_host": str(uuid.uuid4())}})
    return up.boot("placed")


def open_view(visit, view, **options):
    page = visit(view, **options)
    expect(page.locator(VIEWS[view]).first).to_be_visible()
    return page


@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_the_window(visit, server, view):
    page = open_view(visit, view)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("view", VIEWS)
def test_a_scan_for_barriers_finds_none_in_light_and_dark(visit, server, view):
    page = open_view(visit, view, reduced_motion="reduce")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert barriers(page) == []


def test_an_open_form_and_an_open_message_have_no_barriers(visit, server):
    page = open_view(visit, "messages")
    page.locator("#diagram .message").first.click()
    expect(page.get_by_role("heading", name="cast build_instances")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("button", name="Boot a server").click()
    expect(page.get_by_role("dialog").get_by_role("option", name="cirros")).to_be_attached()
    assert barriers(page) == []


def test_tabs_are_reached_by_arrow_keys_and_named_in_the_address(visit):
    page = visit("messages")
    page.get_by_role("tab", name="Messages").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Servers")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Servers")).to_be_visible()
    expect(page).to_have_url(re.compile("#servers$"))
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Debugger")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Messages")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_have_count(1)


def test_the_first_stop_of_the_tab_key_leads_past_the_header(visit):
    page = visit("services")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page).to_have_url(re.compile("#services$"))


def test_who_asks_for_less_motion_gets_none(visit):
    page = visit("servers", reduced_motion="reduce")
    button = page.get_by_role("button", name="Boot a server").first
    assert button.evaluate("element => getComputedStyle(element).transitionDuration") == "0s"


def test_servers_show_where_they_run_and_why_they_do_not(visit, server):
    page = open_view(visit, "servers")
    row = page.get_by_role("row").filter(has_text=server["id"])
    expect(row.get_by_role("cell", name=server["OS-EXT-SRV-ATTR:host"], exact=True)).to_be_visible()
    expect(row.get_by_text("ACTIVE")).to_be_visible()
    lost = page.get_by_role("row").filter(has_text="lost")
    expect(lost.get_by_text("ERROR")).to_be_visible()
    expect(lost.get_by_text(re.compile("No valid host"))).to_be_visible()


def test_a_decision_is_a_table_of_filters_by_host_and_one_of_weights(visit, server):
    page = open_view(visit, "servers")
    page.get_by_role("link", name="Scheduling of lost").click()
    expect(page.get_by_role("heading", name="Scheduling of lost")).to_be_focused()
    filters = page.get_by_role("table", name="What each filter said of each host")
    expect(filters.get_by_role("row")).to_have_count(1 + 3)
    expect(filters.get_by_role("cell", name=re.compile("refused: "))).to_have_count(3)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("link", name="Scheduling of lost")).to_be_focused()
    page.get_by_role("link", name="Scheduling of placed").click()
    chosen = page.get_by_role("table", name="Weights of the hosts that were left").get_by_role("row").nth(1)
    expect(chosen).to_contain_text(server["OS-EXT-SRV-ATTR:host"])
    expect(chosen).to_contain_text("chosen")


def test_on_a_phone_a_decision_is_read_without_scrolling_sideways(visit, server):
    page = visit("servers", width=390)
    page.get_by_role("link", name="Scheduling of lost").click()
    box = page.get_by_role("group", name="What each filter said of each host")
    expect(box.get_by_role("cell", name=re.compile("refused: "))).to_have_count(3)
    assert box.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_topology_names_queues_with_their_consumers(visit):
    page = open_view(visit, "topology")
    row = page.get_by_role("table", name="Queues").get_by_role("row").filter(has_text="compute.host1")
    expect(row.get_by_role("cell").nth(1)).to_have_text("1")
    expect(row.get_by_role("cell").nth(2)).to_have_text(re.compile(r"compute \(\d+\)"))
    expect(
        page.get_by_role("img", name=re.compile(r"\d+ exchanges, \d+ queues, \d+ processes"))
    ).to_be_visible()
    connected = page.get_by_role("table", name="Who is connected")
    expect(connected.get_by_role("rowheader", name=re.compile(r"page \(\d+\)$"))).to_be_visible()
    exchanges = page.get_by_role("table", name="Exchanges and bindings")
    expect(exchanges.get_by_role("row").filter(has_text=re.compile("^minovatopic"))).to_be_visible()
