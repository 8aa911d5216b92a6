# SPDX-License-Identifier: Apache-2.0
"""/api/requests and /api/messages: what was said on the bus."""

import pytest

from tests.unit.trace import wire


def test_requests_are_listed_newest_last(client, page):
    page.wire.send(9, wire.cast("ping", "minova-api@box", "req-2"))
    listed = client.get("/api/requests").json
    assert [request["id"] for request in listed["requests"]] == [wire.REQUEST, "req-2"]
    assert listed["total"] == 2
    first = listed["requests"][0]
    assert (first["title"], first["messages"], first["servers"]) == ("boot of web-1", 6, {wire.UUID: "web-1"})


def test_requests_are_chosen_by_server_id_and_number(client, page):
    for number in range(2, 5):
        page.wire.send(number, wire.cast("ping", "minova-api@box", f"req-{number}"))
    assert ids(client.get(f"/api/requests?server={wire.UUID}")) == [wire.REQUEST]
    assert ids(client.get("/api/requests?id=req-3&id=req-2&id=none")) == ["req-2", "req-3"]
    newest = client.get("/api/requests?limit=1")
    assert ids(newest) == ["req-4"]
    assert newest.json["total"] == 4


def test_heartbeats_can_be_left_out_so_that_they_push_no_boot_beyond_the_limit(client, page):
    for number in range(2, 5):
        page.wire.send(number, wire.cast("report_hosts", "minova-compute@host1", f"req-{number}"))
    answer = client.get("/api/requests?routine=no&limit=2")
    assert (ids(answer), answer.json["total"]) == ([wire.REQUEST], 1)
    assert ids(client.get("/api/requests?limit=2")) == ["req-3", "req-4"]


def ids(answer):
    return [request["id"] for request in answer.json["requests"]]


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1e3", "99999999999", "٣", ""])
def test_a_limit_that_is_no_number_is_refused(client, limit):
    answer = client.get(f"/api/requests?limit={limit}")
    assert answer.status_code == 400
    assert "limit has to be a whole number" in answer.json["error"]["message"]


def test_a_summary_grows_with_its_request(client, page):
    assert client.get("/api/requests").json["requests"][0]["messages"] == 6
    page.wire.send(9, wire.cast("ping", "minova-api@box"))
    assert client.get("/api/requests").json["requests"][0]["messages"] == 7


def test_a_request_that_is_forgotten_is_not_listed(client, page):
    client.get("/api/requests")
    page.wire.store._limit = 1
    page.wire.send(9, wire.cast("ping", "minova-api@box", "req-2"))
    listed = client.get("/api/requests")
    assert ids(listed) == ["req-2"]
    assert listed.json["forgotten_messages"] == 6


@pytest.mark.parametrize("wanted", [wire.REQUEST, wire.UUID, "web-1"])
def test_one_request_is_shown_by_its_id_or_its_server(client, wanted):
    shown = client.get(f"/api/requests/{wanted}").json
    assert shown["request"]["title"] == "boot of web-1"
    assert shown["shown"] == 6
    assert [message["kind"] for message in shown["messages"]] == [
        "cast",
        "call",
        "reply",
        "cast",
        "call",
        "reply",
    ]
    assert all("body" not in message for message in shown["messages"])
    assert {span["kind"] for span in shown["timeline"]} == {"queue", "work", "reply"}
    # The page's policy allows no style that it has not by a file.
    assert "<style" not in shown["svg"]
    for message in shown["messages"]:
        assert f'data-message="{message["unique_id"]}"' in shown["svg"]


def test_of_a_long_request_the_first_messages_are_drawn(client, page):
    for number in range(600):
        page.wire.send(9, wire.cast("ping", "minova-api@box", number=str(number)))
    shown = client.get(f"/api/requests/{wire.REQUEST}").json
    assert (shown["request"]["messages"], shown["shown"], len(shown["messages"])) == (606, 500, 500)


def test_one_message_is_shown_with_its_envelope_and_explained(client):
    unique_id = client.get(f"/api/requests/{wire.REQUEST}").json["messages"][0]["unique_id"]
    shown = client.get(f"/api/messages/{unique_id}").json
    assert shown["message"]["body"]["args"] == {"instance_uuids": [wire.UUID]}
    explained = {field["name"]: field for field in shown["fields"]}
    assert explained["routing_key"]["where"] == "property"
    assert explained["_unique_id"]["explanation"]


def test_a_message_published_again_is_found(client, page):
    page.wire.send(9, wire.cast("ping", "minova-api@box"))
    page.wire.send(9, wire.cast("ping", "minova-api@box"))
    last = client.get(f"/api/requests/{wire.REQUEST}").json["messages"][-1]["unique_id"]
    assert last.endswith("#2")
    assert client.get(f"/api/messages/{last.replace('#', '%23')}").status_code == 200


@pytest.mark.parametrize("path", ["/api/requests/nobody", "/api/messages/nobody"])
def test_what_is_not_kept_is_told(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert "'nobody'" in answer.json["error"]["message"]
