# SPDX-License-Identifier: Apache-2.0
"""/api/failures: requests that no message calls failed, and the records do."""

import pytest

from minova.up.api_client import ApiError


@pytest.fixture
def answers(page):
    """The Compute API with one server in ERROR: its boot failed, and earlier something worked."""
    page.api.answers["GET", "/servers/detail"] = {"servers": [{"id": "u1", "updated": "2030"}]}
    actions = [{"request_id": "req-2", "message": "Exceeded"}, {"request_id": "req-1", "message": None}]
    page.api.answers["GET", "/servers/u1/os-instance-actions"] = {"instanceActions": actions}
    return page.api.answers


def failures(client):
    return client.get("/api/failures").json["failures"]


def test_a_request_whose_action_failed_is_told_with_the_reason(client, page, answers):
    assert failures(client) == {"req-2": "Exceeded"}
    assert page.api.sent[0][1] == "/servers/detail?all_tenants=1&status=ERROR&limit=100"


def test_of_a_server_that_has_not_changed_nothing_is_asked_again(client, page, answers):
    failures(client)
    page.clock.now += 5
    assert failures(client) == {"req-2": "Exceeded"}
    assert [path.partition("?")[0] for _, path, _ in page.api.sent] == [
        "/servers/detail",
        "/servers/u1/os-instance-actions",
        "/servers/detail",
    ]


def test_several_pages_at_once_ask_once(client, page, answers):
    failures(client)
    failures(client)
    assert len(page.api.sent) == 2


def test_a_server_that_changed_is_asked_about_again(client, page, answers):
    failures(client)
    page.clock.now += 5
    answers["GET", "/servers/detail"] = {"servers": [{"id": "u1", "updated": "2031"}]}
    more = {"instanceActions": [{"request_id": "req-3", "message": "No disk"}]}
    answers["GET", "/servers/u1/os-instance-actions"] = more
    assert failures(client) == {"req-2": "Exceeded", "req-3": "No disk"}


def test_what_failed_is_remembered_after_its_server_was_deleted(client, page, answers):
    failures(client)
    page.clock.now += 5
    answers["GET", "/servers/detail"] = {"servers": []}
    assert failures(client) == {"req-2": "Exceeded"}


def test_a_server_that_is_deleted_meanwhile_is_no_error(client, page, answers):
    answers["GET", "/servers/u1/os-instance-actions"] = ApiError("gone", 404)
    assert failures(client) == {}


def test_without_the_api_it_is_told(client, page):
    answer = client.get("/api/failures")
    assert (answer.status_code, "does not help" in answer.json["error"]["message"]) == (503, True)
