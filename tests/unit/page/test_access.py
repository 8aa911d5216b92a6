# SPDX-License-Identifier: Apache-2.0
"""Whom the page answers: not a web page of somebody else's in the user's browser."""

import pytest

from minova import exception
from minova.page import http_server


def refusal(answer):
    return answer.status_code, answer.json["error"]["message"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8780", "localhost:8780", "[::1]:8780", "10.0.0.7", "lab.example"]
)
def test_addresses_and_known_names_are_answered(conf, client, host):
    conf.config(group="page", host_names=["lab.example"])
    assert client.get("/api/requests", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "a:b:c", ""]
)
@pytest.mark.parametrize("path", ["/", "/api/requests", "/api/events", "/trace.css"])
def test_another_name_that_leads_here_is_refused(client, host, path):
    code, sentence = refusal(client.get(path, headers={"Host": host}))
    assert code == 403
    assert "This page is not called" in sentence


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost", "http://localhost:1"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/events"), ("DELETE", "/api/servers/1"), ("POST", "/api/servers")]
)
def test_another_origin_is_refused(client, page, origin, method, path):
    answer = client.open(path, method=method, headers={"Origin": origin}, json={})
    assert refusal(answer) == (403, f"A page of {origin} may not ask here.")
    assert page.api.sent == []


def test_our_own_origin_is_answered(client):
    headers = {"Host": "127.0.0.1:8780", "Origin": "http://127.0.0.1:8780", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/api/requests", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_the_browser_says_is_from_another_site_is_refused(client, site):
    code, _ = refusal(client.get("/api/requests", headers={"Sec-Fetch-Site": site}))
    assert code == 403


def test_a_link_from_elsewhere_opens_the_page(client):
    answer = client.get("/trace.css", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert answer.status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_of_another_page_can_send_is_refused(client, page, content_type):
    code, sentence = refusal(client.post("/api/servers", data="{}", content_type=content_type))
    assert code == 415
    assert "Content-Type: application/json" in sentence
    assert page.api.sent == []


@pytest.mark.parametrize("path", ["/api/state", "/nowhere", "/trace.css"])
def test_every_answer_forbids_what_is_not_ours(client, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/api/requests/none", "/static/none.js", "/static/../app.py"]
)
def test_what_is_not_there_is_told_as_json(client, path):
    code, sentence = refusal(client.get(path))
    assert (code, bool(sentence)) == (404, True)


def test_a_method_that_is_not_there_is_told_with_those_that_are(client):
    answer = client.put("/api/servers", json={})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "message" in answer.json["error"]


@pytest.mark.parametrize("body", ["", "{", "[]", "7", "nul", "[" * 30000])
def test_a_body_that_is_no_object_is_refused(client, page, body):
    code, sentence = refusal(client.post("/api/servers", data=body, content_type="application/json"))
    assert code == 400
    assert sentence.startswith("The body is not")
    assert page.api.sent == []


def test_a_long_body_is_refused(client):
    body = b'{"name": "' + b"x" * 100_000 + b'"}'
    assert refusal(client.post("/api/servers", data=body, content_type="application/json"))[0] == 413


def test_it_listens_beyond_loopback_only_where_that_is_wanted(conf):
    conf.config(group="page", listen="0.0.0.0", port=0)
    with pytest.raises(
        exception.InvalidOption,
        match="listens on loopback only, not on 0.0.0.0, since it asks for no password",
    ):
        http_server.bind()
    conf.config(group="page", allow_remote=True)
    http_server.bind().close()


def test_a_taken_port_is_told(conf):
    conf.config(group="page", port=0)
    with http_server.bind() as taken:
        conf.config(group="page", port=taken.getsockname()[1])
        with pytest.raises(exception.InvalidOption, match="in use. Set \\[page\\] port to a free one"):
            http_server.bind()
