# SPDX-License-Identifier: Apache-2.0
"""The debugger: messages are held in sight and let go, and broken on purpose."""

import re

import pytest
from playwright.sync_api import expect

from minova.up import example
from tests.barriers import barriers


@pytest.fixture(autouse=True)
def no_rules(visit):
    """Nothing is held or broken for the next test."""
    yield
    page = visit("debugger")
    for kind in ("holds", "faults"):
        assert (
            page.evaluate(f"fetch('/api/debug/{kind}', {{method: 'DELETE'}}).then(answer => answer.status)")
            == 200
        )


def ask_for(up, name):
    """Boot, and wait for nothing; returns the path of the server."""
    _, answer = up.api.send("POST", "/servers", example.server_body(up.api, name))
    return f"/servers/{answer['server']['id']}"


def hold(page, method):
    form = page.get_by_role("region", name="Holds", exact=True)
    form.get_by_label("Method").fill(method)
    form.get_by_role("button", name="Hold", exact=True).click()
    expect(form.get_by_role("listitem").filter(has_text=f"method {method}")).to_be_visible()


def test_a_held_message_is_in_sight_and_goes_on_when_stepped(visit, up):
    page = visit("debugger")
    hold(page, "build_and_run_*")
    path = ask_for(up, "waiting")
    held = page.get_by_role("region", name="Held messages").get_by_role("listitem")
    expect(held).to_have_count(1)
    expect(held).to_contain_text("cast build_and_run_instance")
    expect(held.get_by_role("group", name=re.compile("^Payload"))).to_contain_text(
        '"display_name": "waiting"'
    )
    assert up.api.get(path)["server"]["status"] == "BUILD"
    held.get_by_role("button", name="Let cast build_and_run_instance").click()
    expect(page.get_by_text("No message is held.")).to_be_visible()
    up.wait_built(path)


def test_a_held_message_leaves_the_page_as_wide_as_the_window_and_has_no_barriers(visit, up):
    page = visit("debugger")
    hold(page, "build_and_run_*")
    ask_for(up, "wide")
    expect(page.get_by_role("group", name=re.compile("^Payload"))).to_contain_text("display_name")
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert barriers(page) == []


def test_a_held_message_is_found_in_its_diagram_with_a_note(visit, up):
    page = visit("debugger")
    hold(page, "build_and_run_instance")
    ask_for(up, "noted")
    page.get_by_role("link", name="See it in its diagram").click()
    expect(page.get_by_role("heading", name="cast build_and_run_instance")).to_be_visible()
    expect(page.get_by_role("region", name="cast build_and_run_instance")).to_contain_text("held by a hold")
    expect(page.locator("#request-summary").get_by_text("running")).to_be_visible()


def test_a_hold_is_cleared_with_the_keyboard_and_lets_all_go(visit, up):
    page = visit("debugger")
    hold(page, "select_destinations")
    path = ask_for(up, "freed")
    expect(page.get_by_role("region", name="Held messages").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("button", name=re.compile("^Clear hold")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is held.")).to_be_visible()
    expect(page.get_by_role("heading", name="Holds", exact=True)).to_be_focused()
    up.wait_built(path)


def test_a_fault_is_added_counted_and_cleared(visit, up):
    page = visit("debugger")
    faults = page.get_by_role("region", name="Faults on the bus")
    faults.get_by_label("What happens").select_option("delay")
    faults.get_by_label("Seconds late").fill("0.3")
    faults.get_by_label("Method").fill("build_and_run_instance")
    faults.get_by_label("At most so many").fill("1")
    faults.get_by_role("button", name="Add the fault").click()
    rule = faults.get_by_role("listitem")
    expect(rule).to_contain_text("delay by 0.3 s, method build_and_run_instance, at most 1")
    path = ask_for(up, "late")
    expect(rule).to_contain_text("broke 1")
    up.wait_built(path)
    rule.get_by_role("button", name=re.compile("^Clear fault")).click()
    expect(faults.get_by_text("Nothing is broken.")).to_be_visible()


def test_holds_and_faults_choose_messages_by_the_same_criteria(visit):
    page = visit("debugger")
    regions = [page.get_by_role("region", name=name, exact=True) for name in ("Holds", "Faults on the bus")]
    for region in regions:
        expect(region.get_by_label("Kind").get_by_role("option")).to_have_text(
            ["any", "call", "cast", "fanout", "reply"]
        )
        expect(region.get_by_label("Method")).to_have_attribute("list", "known-methods")
        region.get_by_label("Kind").select_option("fanout")
        region.get_by_label("Host").fill("host2")
        region.get_by_role("button", name=re.compile("^Hold$|^Add the fault$")).click()
        expect(region.get_by_role("listitem")).to_contain_text("host host2, only fanout")


def test_a_hold_of_nothing_in_particular_is_refused_in_its_form(visit):
    page = visit("debugger")
    form = page.get_by_role("region", name="Holds", exact=True)
    form.get_by_role("button", name="Hold", exact=True).click()
    expect(form.get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_text("Nothing is held.")).to_be_visible()


def test_without_the_embedded_broker_the_reason_stands_in_place_of_the_forms(visit):
    page = visit("messages")
    reason = "Holds and faults on the bus need the embedded broker."
    page.route("**/api/debug", lambda route: route.fulfill(json={"available": False, "reason": reason}))
    page.get_by_role("tab", name="Debugger").click()
    expect(page.get_by_text(reason)).to_be_visible()
    expect(page.get_by_role("button", name="Hold", exact=True)).to_be_hidden()
