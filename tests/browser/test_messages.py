# SPDX-License-Identifier: Apache-2.0
"""Watching a request: its diagram, one message in full, the timeline; with the mouse and without."""

import re

from playwright.sync_api import expect

BOOT_MESSAGES = 8


def open_boot(visit, up, name, **options):
    """The page with the boot of a new server chosen, after its last message."""
    up.boot(name)
    page = visit("messages", **options)
    page.get_by_role("link", name=re.compile(f"^boot of {name} ")).click()
    expect(page.get_by_role("heading", name=f"boot of {name}")).to_be_visible()
    expect(messages(page)).to_have_count(BOOT_MESSAGES)
    return page


def messages(page):
    return page.locator("#diagram .message")


def test_a_boot_from_the_form_is_drawn_as_it_happens(visit):
    page = visit("messages")
    page.get_by_role("button", name="Boot a server").click()
    form = page.get_by_role("dialog", name="Boot a server")
    form.get_by_label("Name").fill("drawn")
    form.get_by_label("Spawn takes seconds").fill("0.2")
    form.get_by_role("button", name="Boot", exact=True).click()
    expect(page.get_by_role("heading", name="boot of drawn")).to_be_visible()
    expect(messages(page)).to_have_count(BOOT_MESSAGES)
    for lane in ("api", "conductor", "scheduler"):
        expect(page.locator("#diagram").get_by_text(lane, exact=True)).to_be_visible()


def test_a_message_opens_to_its_fields_with_explanations(visit, up):
    page = open_boot(visit, up, "opened")
    messages(page).filter(has_text="select_destinations").first.click()
    message = page.get_by_role("region", name="call select_destinations")
    for part in ("AMQP properties", "Envelope of oslo.messaging", "Payload"):
        expect(message.get_by_text(re.compile(f"^{part}"))).to_be_visible()
    expect(message.get_by_text("_unique_id", exact=True)).to_be_visible()
    expect(message.get_by_text("The id of this message.")).to_be_visible()
    expect(message.get_by_text("request_spec")).not_to_have_count(0)


def test_messages_are_walked_with_the_keyboard_alone(visit, up):
    page = open_boot(visit, up, "walked")
    messages(page).first.focus()
    page.keyboard.press("ArrowDown")
    expect(messages(page).nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(messages(page).last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="cast build_instances")
    expect(heading).to_be_focused()
    page.keyboard.press("Escape")
    expect(heading).to_be_hidden()
    expect(messages(page).first).to_be_focused()


def test_one_stop_of_the_tab_key_leads_past_the_diagram(visit, up):
    page = open_boot(visit, up, "passed")
    expect(page.locator("#diagram .message[tabindex='0']")).to_have_count(1)


def test_new_messages_leave_the_focus_where_it_is(visit, up):
    page = open_boot(visit, up, "kept")
    page.get_by_label("Follow the newest").uncheck()
    messages(page).nth(3).focus()
    up.boot("other")
    expect(page.get_by_role("link", name=re.compile("^boot of other "))).to_be_visible()
    expect(messages(page).nth(3)).to_be_focused()


def test_the_filter_finds_a_request_by_its_server(visit, up):
    server = up.boot("needle")
    up.boot("hay")
    page = visit("messages")
    expect(page.get_by_role("link", name=re.compile("^boot of hay "))).to_be_visible()
    page.get_by_label("Filter").fill(server["id"])
    expect(page.locator("#request-list a")).to_have_count(1)
    expect(page.get_by_role("link", name=re.compile("^boot of needle "))).to_be_visible()


def test_background_traffic_is_listed_when_it_is_asked_for(visit, up):
    page = open_boot(visit, up, "foreground")
    heartbeats = page.get_by_role("link", name=re.compile("^heartbeat "))
    page.get_by_label("Background traffic").check()
    expect(heartbeats).not_to_have_count(0)
    page.get_by_label("Background traffic").uncheck()
    expect(heartbeats).to_have_count(0)
    page.get_by_label("Filter").fill("no such thing")
    expect(page.get_by_text("No request fits the filter.")).to_be_visible()


def test_the_address_leads_back_to_a_message(visit, up):
    page = open_boot(visit, up, "addressed")
    messages(page).nth(1).click()
    expect(page.get_by_role("heading", name="call select_destinations")).to_be_visible()
    again = visit(page.url.partition("#")[2])
    expect(again.get_by_role("heading", name="boot of addressed")).to_be_visible()
    expect(again.get_by_role("heading", name="call select_destinations")).to_be_visible()


def test_the_address_of_a_request_shows_that_one_and_not_the_newest(visit, up):
    page = open_boot(visit, up, "older")
    up.boot("newer")
    again = visit(page.url.partition("#")[2])
    expect(again.get_by_role("link", name=re.compile("^boot of newer "))).to_be_visible()
    expect(again.get_by_role("heading", name="boot of older")).to_be_visible()
    expect(again.get_by_label("Follow the newest")).not_to_be_checked()
    forgotten = visit("messages/req-forgotten")
    expect(forgotten.get_by_text("No message of request req-forgotten is kept here.")).to_be_visible()


def test_the_timeline_says_how_long_each_step_took(visit, up):
    page = open_boot(visit, up, "timed")
    table = page.get_by_role("region", name="Where the time went").get_by_role("table")
    row = table.get_by_role("row").filter(has_text="select_destinations").filter(has_text="at work")
    expect(row.get_by_role("cell").filter(has_text=re.compile(r"^[\d.]+ m?s$"))).to_have_count(2)


def test_a_boot_that_was_given_up_is_marked_and_says_why(visit, up):
    up.boot("unlucky", metadata={"minova:fail": "spawn"})
    page = visit("messages")
    link = page.get_by_role("link", name=re.compile("^boot of unlucky "))
    expect(link.get_by_text("failed")).to_be_visible()
    link.click()
    expect(page.locator("#request-summary").get_by_text("failed", exact=True)).to_be_visible()
    expect(page.locator("#request-summary")).to_contain_text("Exceeded maximum number of retries.")


def test_a_boot_of_which_nothing_is_heard_is_unfinished_by_the_records(visit, up):
    up.create("quiet", metadata={"minova:spawn_seconds": "6"})
    page = visit("messages")
    page.get_by_role("link", name=re.compile("^boot of quiet .*unfinished")).click()
    expect(page.locator("#request-summary")).to_contain_text("the server is still spawning")
    expect(messages(page)).to_have_count(BOOT_MESSAGES)
    expect(page.locator("#request-summary").get_by_text("unfinished")).to_have_count(0)


def test_what_was_lost_and_made_up_for_is_no_failure(visit, up):
    page = open_boot(visit, up, "lucky")
    request_id = page.locator("#request-summary code").inner_text()
    recovered = {request_id: {"outcome": "recovered", "reason": None}}
    page.route("**/api/outcomes", lambda route: route.fulfill(json={"outcomes": recovered, "names": {}}))
    expect(page.locator("#request-summary").get_by_text("recovered")).to_be_visible()
    expect(page.locator("#request-summary")).to_contain_text("done all the same")


def test_what_a_server_is_called_is_shown_as_text(visit, up):
    name = "<img src=x onerror=alert(1)>"
    up.boot(name)
    page = visit("messages")
    expect(page.get_by_role("heading", name=f"boot of {name}")).to_be_visible()
    expect(messages(page)).to_have_count(BOOT_MESSAGES)
    messages(page).filter(has_text="build_and_run_instance").click()
    expect(page.get_by_role("region", name="cast build_and_run_instance")).to_contain_text(name)
    expect(page.locator("img")).to_have_count(0)


def test_another_request_closes_the_open_message(visit, up):
    page = open_boot(visit, up, "left")
    up.boot("entered")
    messages(page).nth(1).click()
    heading = page.get_by_role("heading", name="call select_destinations")
    expect(heading).to_be_visible()
    page.get_by_role("link", name=re.compile("^boot of entered ")).click()
    expect(page.get_by_role("heading", name="boot of entered")).to_be_visible()
    expect(heading).to_be_hidden()
    page.go_back()
    expect(page.get_by_role("heading", name="boot of left")).to_be_visible()
    expect(heading).to_be_visible()


def test_an_open_message_leaves_the_page_as_wide_as_the_window(visit, up):
    page = open_boot(visit, up, "wide")
    messages(page).nth(1).click()
    expect(page.get_by_role("heading", name="call select_destinations")).to_be_visible()
    for width in (390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
