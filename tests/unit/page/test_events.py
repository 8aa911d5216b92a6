# SPDX-License-Identifier: Apache-2.0
"""/api/events: a stream per open page, of which there is a limited number."""

import json

EVERYTHING = ["debugger", "requests", "servers", "services", "state", "topology"]


def chunks(answer):
    return (chunk.decode() for chunk in answer.response)


def data(chunk):
    return json.loads(next(line for line in chunk.splitlines() if line.startswith("data: "))[6:])


def test_the_first_event_names_everything_and_the_next_what_changed(client, page):
    answer = client.get("/api/events")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    stream = chunks(answer)
    assert next(stream).startswith("retry: ")
    assert data(next(stream)) == {"version": 0, "what": EVERYTHING, "requests": None}
    page.changes.tell("requests", request_id="req-1")
    assert data(next(stream)) == {"version": 1, "what": ["requests"], "requests": ["req-1"]}
    answer.close()


def test_a_storm_is_told_in_one_event(client, page):
    answer = client.get("/api/events")
    stream = chunks(answer)
    next(stream), next(stream)
    for number in range(1000):
        page.changes.tell("requests", request_id=f"req-{number % 10}")
    assert data(next(stream))["version"] == 1000
    answer.close()


def test_too_many_listeners_are_refused_until_one_leaves(client, page):
    open_streams = [client.get("/api/events") for _ in range(page.listeners.most)]
    refused = client.get("/api/events")
    assert (refused.status_code, refused.json["error"]["message"]) == (
        503,
        "2 pages are open already; close one.",
    )
    open_streams[0].close()
    again = client.get("/api/events")
    assert again.status_code == 200
    for answer in (*open_streams[1:], again):
        answer.close()
    assert page.listeners.now == 0


def test_a_stop_of_the_page_ends_the_stream(client, page):
    answer = client.get("/api/events")
    stream = chunks(answer)
    next(stream), next(stream)
    page.changes.close()
    assert [chunk for chunk in stream if not chunk.startswith(":")] == []
    answer.close()
