# SPDX-License-Identifier: Apache-2.0
"""/api/outcomes: what the records say of requests, where their messages do not say it."""

import json

import pytest

from minova.up.api_client import ApiError
from tests.unit.trace import wire

ACTIONS = f"/servers/{wire.UUID}/os-instance-actions"


@pytest.fixture
def cloud(page):
    """The records: the server that wire.boot() boots."""
    return Cloud(page.api)


class Cloud:
    def __init__(self, api):
        self._api = api
        self.is_("ACTIVE")
        self.failed({})

    def is_(self, status, task_state=None, name="web-1"):
        row = {"id": wire.UUID, "name": name, "status": status, "OS-EXT-STS:task_state": task_state}
        other = {
            "flavor": {"id": "1"},
            "image": "",
            "addresses": {},
            "metadata": {},
            "created": "",
            "updated": "",
        }
        self._api.answers["GET", "/servers/detail"] = {"servers": [{**row, **other}]}

    def failed(self, reasons):
        """{request id: why}"""
        rows = [{"request_id": "req-0", "message": None}]
        rows += [{"request_id": number, "message": why} for number, why in reasons.items()]
        self._api.answers["GET", ACTIONS] = {"instanceActions": rows}

    def deleted(self):
        self._api.answers["GET", "/servers/detail"] = {"servers": []}
        self._api.answers["GET", ACTIONS] = ApiError("gone", 404)

    def asked(self):
        """Paths since the last time."""
        paths = [path.partition("?")[0] for _, path, _ in self._api.sent]
        self._api.sent.clear()
        return paths


def outcomes(client, page):
    page.clock.now += 5
    return client.get("/api/outcomes").json["outcomes"]


def ask(page, method, request="req-2"):
    """A request whose only message is a cast about the server."""
    return page.wire.send(9, wire.cast(method, "minova-api@box", request, instance=wire.INSTANCE))


def lose(page, body, queue="conductor"):
    page.wire.note(9, body, "dropped", queue)


def test_of_a_boot_that_went_well_nothing_is_said_and_its_actions_are_not_asked_for(client, page, cloud):
    assert outcomes(client, page) == {}
    assert cloud.asked() == ["/servers/detail"]


def test_a_boot_that_was_given_up_has_failed_with_the_reason(client, page, cloud):
    cloud.is_("ERROR")
    cloud.failed({wire.REQUEST: "Exceeded"})
    assert outcomes(client, page) == {wire.REQUEST: {"outcome": "failed", "reason": "Exceeded"}}


@pytest.mark.parametrize(
    "method", ["rebuild_instance", "reboot_instance", "start_instance", "stop_instance", "terminate_instance"]
)
def test_an_action_that_failed_is_told_though_its_server_goes_on(client, page, cloud, method):
    """An evacuation that found no host left its server as it was, and nothing said that it had failed."""
    ask(page, method)
    cloud.is_("ERROR" if method == "terminate_instance" else "ACTIVE")
    cloud.failed({"req-2": "No valid host"})
    assert outcomes(client, page) == {"req-2": {"outcome": "failed", "reason": "No valid host"}}


def test_a_request_of_which_nobody_goes_on_is_unfinished_until_its_task_has_ended(client, page, cloud):
    cloud.is_("BUILD", "spawning")
    unfinished = {wire.REQUEST: {"outcome": "unfinished", "reason": "spawning"}}
    assert [outcomes(client, page), outcomes(client, page)] == [unfinished, unfinished]
    cloud.is_("ACTIVE")
    assert outcomes(client, page) == {}


def test_only_the_newest_request_about_a_server_is_unfinished(client, page, cloud):
    ask(page, "stop_instance")
    ask(page, "get_console_output", "req-3")
    cloud.is_("ACTIVE", "powering-off")
    assert outcomes(client, page) == {"req-2": {"outcome": "unfinished", "reason": "powering-off"}}


def test_what_was_lost_and_done_all_the_same_has_recovered(client, page, cloud):
    lose(page, ask(page, "stop_instance"))
    assert outcomes(client, page) == {"req-2": {"outcome": "recovered", "reason": None}}


def test_a_lost_delete_whose_server_is_gone_has_recovered(client, page, cloud):
    lose(page, ask(page, "terminate_instance"))
    cloud.deleted()
    assert outcomes(client, page) == {"req-2": {"outcome": "recovered", "reason": None}}


def test_of_a_lost_action_on_a_server_that_is_gone_nothing_is_known(client, page, cloud):
    lose(page, ask(page, "stop_instance"))
    cloud.deleted()
    assert outcomes(client, page) == {}


def test_a_call_that_is_no_task_has_no_outcome(client, page, cloud):
    page.wire.send(
        9, wire.call("get_console_output", "minova-api@box", "m9", "req-2", instance=wire.INSTANCE)
    )
    page.wire.send(9, wire.reply("m9", failure=json.dumps({"class": "InstanceNotReady"})), "", "reply_1")
    assert outcomes(client, page) == {}


def test_when_all_is_known_nobody_is_asked(client, page, cloud):
    outcomes(client, page)
    cloud.asked()
    outcomes(client, page)
    assert cloud.asked() == []


def test_several_pages_at_once_ask_once(client, page, cloud):
    cloud.is_("BUILD", "spawning")
    client.get("/api/outcomes")
    client.get("/api/outcomes")
    assert cloud.asked() == ["/servers/detail"]


def test_a_server_with_several_requests_is_asked_about_once(client, page, cloud):
    ask(page, "stop_instance")
    ask(page, "start_instance", "req-3")
    outcomes(client, page)
    assert cloud.asked() == ["/servers/detail", ACTIONS]


def test_of_many_servers_only_some_are_asked_about_at_a_time(client, page, cloud):
    for number in range(60):
        uuid = f"{number:08}{wire.UUID[8:]}"
        page.api.answers["GET", f"/servers/{uuid}/os-instance-actions"] = {"instanceActions": []}
        page.wire.send(
            9, wire.cast("stop_instance", "minova-api@box", f"req-of-{number}", instance_uuid=uuid)
        )
    outcomes(client, page)
    first = cloud.asked()
    outcomes(client, page)
    assert (len(first), len(cloud.asked())) == (1 + 50, 1 + 10)


def test_what_failed_is_remembered_after_its_server_was_deleted(client, page, cloud):
    cloud.is_("ERROR")
    cloud.failed({wire.REQUEST: "Exceeded"})
    before = outcomes(client, page)
    cloud.deleted()
    assert outcomes(client, page) == before


def test_what_is_no_longer_listed_has_no_outcome(client, page, cloud):
    cloud.is_("ERROR")
    cloud.failed({wire.REQUEST: "Exceeded"})
    outcomes(client, page)
    page.wire.store._limit = 1
    ask(page, "stop_instance")
    assert outcomes(client, page) == {}


def test_a_server_is_named_that_no_message_names(client, page, cloud):
    other = "0b5c5d3a-1f6f-4a55-9f0e-2f6a1f9f4f12"
    page.wire.send(9, wire.cast("build_instances", "minova-api@box", "req-2", instance_uuids=[other]))
    page.api.answers["GET", "/servers/detail"]["servers"][0] |= {"id": other, "name": "lost"}
    assert client.get("/api/outcomes").json["names"] == {other: "lost"}


def test_without_the_api_it_is_told(client, page):
    answer = client.get("/api/outcomes")
    assert (answer.status_code, "does not help" in answer.json["error"]["message"]) == (503, True)
