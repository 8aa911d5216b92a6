# SPDX-License-Identifier: Apache-2.0
"""What one may do from the page: to servers, and to the services themselves."""

import contextlib
import re

from playwright.sync_api import expect

HOSTS = ("host1", "host2", "host3")


def row_of(page, server):
    return page.get_by_role("row").filter(has_text=server["id"])


def service(page, name):
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


@contextlib.contextmanager
def down(up, hosts):
    """Meanwhile these hosts count as down."""
    for each in hosts:
        force_down(up, each, True)
    try:
        yield
    finally:
        for each in hosts:
            force_down(up, each, False)


def force_down(up, host, forced_down):
    body = {"host": host, "binary": "minova-compute", "forced_down": forced_down}
    up.api.send("PUT", "/os-services/force-down", body)


def test_several_servers_boot_with_metadata_from_the_form(visit, up):
    page = visit("servers")
    page.get_by_role("button", name="Boot a server").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("many")
    form.get_by_label("How many").fill("2")
    form.get_by_label("Further metadata").fill("colour = blue")
    form.get_by_role("button", name="Boot", exact=True).click()
    expect(page.get_by_role("status").get_by_text("Asked for 2 servers.")).to_be_visible()
    for name in ("many-1", "many-2"):
        expect(page.get_by_role("row").filter(has_text=name).get_by_text("ACTIVE")).to_be_visible()
    found = [
        server for server in up.api.get("/servers/detail")["servers"] if server["name"].startswith("many")
    ]
    assert [server["metadata"]["colour"] for server in found] == ["blue", "blue"]


def test_a_refused_boot_is_told_in_the_form_and_keeps_what_was_typed(visit):
    page = visit("servers")
    page.get_by_role("button", name="Boot a server").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill("refused")
    form.get_by_label("Further metadata").fill("no equals sign")
    form.get_by_role("button", name="Boot", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("key=value")
    form.get_by_label("Further metadata").fill(f"{'k' * 300}=v")
    form.get_by_role("button", name="Boot", exact=True).click()
    expect(form.get_by_role("alert")).not_to_contain_text("key=value")
    expect(form.get_by_role("alert")).not_to_be_empty()
    expect(form.get_by_label("Name")).to_have_value("refused")
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()


def test_a_server_is_stopped_started_rebooted_and_deleted(visit, up):
    server = up.boot("toy")
    page = visit("servers")
    row = row_of(page, server)
    row.get_by_role("button", name="Stop toy").click()
    row.get_by_role("button", name="Start toy", exact=True).click()
    expect(row.get_by_text("ACTIVE")).to_be_visible()
    row.get_by_role("button", name="Reboot toy").click()
    expect(page.get_by_role("status").get_by_text("Asked to reboot toy.")).to_be_visible()
    row.get_by_role("button", name="Delete toy").click()
    expect(row).to_have_count(0)


def test_a_server_is_evacuated_from_a_host_that_is_down(visit, up):
    server = up.boot("moved")
    home = server["OS-EXT-SRV-ATTR:host"]
    page = visit("servers")
    row = row_of(page, server)
    expect(row.get_by_role("button", name="Stop moved")).to_be_visible()
    expect(row.get_by_role("button", name="Evacuate moved")).to_have_count(0)
    with down(up, [home]):
        expect(row.get_by_role("cell", name=f"{home} down")).to_be_visible()
        row.get_by_role("button", name="Evacuate moved").click()
        expect(row.get_by_role("cell", name=home)).to_have_count(0)
        expect(row.get_by_text("ACTIVE")).to_be_visible()
    page.get_by_role("tab", name="Messages").click()
    expect(page.get_by_role("link", name=re.compile("^evacuation of moved "))).to_be_visible()


def test_an_evacuation_that_failed_is_marked_and_says_why(visit, up):
    """It leaves its server as it was, and sends no message that says so."""
    server = up.boot("staying")
    page = visit("servers")
    with down(up, HOSTS):
        row_of(page, server).get_by_role("button", name="Evacuate staying").click()
        expect(page.get_by_role("status").get_by_text("Asked to evacuate staying.")).to_be_visible()
        page.get_by_role("tab", name="Messages").click()
        page.get_by_role("link", name=re.compile("^evacuation of staying .*failed")).click()
        expect(page.locator("#request-summary")).to_contain_text("No valid host was found.")
    assert up.status(server["id"]) == "ACTIVE"


def test_a_reboot_that_failed_is_marked_and_says_why(visit, up):
    server = up.boot("stubborn", metadata={"minova:fail": "reboot"})
    page = visit("servers")
    row_of(page, server).get_by_role("button", name="Reboot stubborn").click()
    page.get_by_role("tab", name="Messages").click()
    page.get_by_role("link", name=re.compile("^reboot of stubborn .*failed")).click()
    expect(page.locator("#request-summary")).to_contain_text("The hypervisor failed to reboot")


def test_a_boot_without_a_host_is_found_by_the_name_of_its_server(visit, up):
    page = visit("messages")
    with down(up, HOSTS):
        up.boot("homeless")
    page.get_by_label("Filter").fill("homeless")
    page.get_by_role("link", name=re.compile("^boot of homeless .*failed")).click()
    expect(page.get_by_role("heading", name="boot of homeless")).to_be_visible()


def test_a_killed_service_comes_back_with_queues_of_its_own(visit, up):
    watching = visit("topology")
    queues = watching.get_by_role("table", name="Queues")
    expect(queues.get_by_role("row").filter(has_text=re.compile("^scheduler_fanout"))).to_be_visible()
    page = visit("services")
    scheduler = service(page, "scheduler")
    scheduler.get_by_role("button", name="Kill scheduler").click()
    expect(scheduler.get_by_text("restarted 1 time")).to_be_visible()
    expect(scheduler.get_by_text("running")).to_be_visible()
    log = watching.get_by_role("region", name="What changed")
    expect(log.get_by_text("went").first).to_be_visible()
    expect(log.get_by_text("came").first).to_be_visible()


def test_a_service_is_stopped_and_started_without_the_mouse(visit):
    page = visit("services")
    network = service(page, "network")
    network.get_by_role("button", name="Stop network").focus()
    page.keyboard.press("Enter")
    network.get_by_role("button", name="Start network", exact=True).focus()
    expect(network.get_by_text("stopped", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    expect(network.get_by_text("running", exact=True)).to_be_visible()


def test_a_paused_service_goes_on_when_it_is_resumed(visit, up):
    page = visit("services")
    compute = service(page, "compute")
    compute.get_by_role("button", name="Pause compute").click()
    expect(compute.get_by_text("paused", exact=True)).to_be_visible()
    compute.get_by_role("button", name="Resume compute").click()
    expect(compute.get_by_text("running", exact=True)).to_be_visible()
    assert up.boot("afterwards")["status"] == "ACTIVE"
