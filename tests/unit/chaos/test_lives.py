# SPDX-License-Identifier: Apache-2.0
"""What one customer asks for a server, against an API that answers by a list."""

import http.server
import itertools
import json
import random
import threading

import pytest

from minova.chaos import lives
from minova.chaos.ledger import Ledger, Server


class Api(http.server.ThreadingHTTPServer):
    """Gives the answers of a list, one by one, and records the requests."""

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.requests = list(answers), []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.requests.append((self.command, self.path, body))
        status, content = self.server.answers.pop(0)
        text = json.dumps(content).encode()
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = _answer

    def log_message(self, *_):
        pass


CREATED = (202, {"server": {"id": "u-1"}})


def shown(status, task_state=None):
    return 200, {"server": {"status": status, "OS-EXT-STS:task_state": task_state}}


@pytest.fixture
def live():
    """Lives one life to its end on the given answers; gives (requests, pauses, server, ledger)."""
    apis = []

    def run(script, *answers):
        apis.append(Api(answers))
        server, ledger = Server("one"), Ledger()
        body = {"server": {"name": "one"}}
        life = lives.Life(server, script, body, [("api-1", apis[-1].url)], ledger, random.Random(1))
        pauses = list(itertools.takewhile(lambda pause: pause is not None, iter(life.step, object())))
        return apis[-1].requests, pauses, server, ledger

    yield run
    for api in apis:
        api.shutdown()
        api.server_close()


def test_a_seed_writes_the_same_lives_again():
    first, again, other = (list(itertools.islice(lives.scripts(seed), 200)) for seed in (1, 1, 2))
    assert first == again != other


def test_lives_are_of_all_kinds():
    scripts = [tuple(name for name, _ in script) for script, _ in itertools.islice(lives.scripts(1), 1000)]
    assert {name for script in scripts for name in script} == {*lives._ACTIONS, "delete"}
    assert 20 <= sum("delete" not in script for script in scripts) <= 100
    assert sum(script == ("delete",) for script in scripts) >= 100


def test_a_life_waits_for_rest_before_each_action_and_ends_when_the_server_is_gone(live):
    requests, _, server, ledger = live(
        [("stop", 0.1), ("delete", 0.1)],
        CREATED,
        shown("BUILD", "spawning"),
        shown("ACTIVE"),
        (202, {}),
        shown("ACTIVE", "powering-off"),
        shown("SHUTOFF"),
        (204, {}),
        shown("SHUTOFF", "deleting"),
        (404, {}),
    )
    assert [method for method, _, _ in requests] == [
        "POST",
        "GET",
        "GET",
        "POST",
        "GET",
        "GET",
        "DELETE",
        "GET",
        "GET",
    ]
    assert requests[3][1:] == ("/servers/u-1/action", {"os-stop": None})
    assert (server.status, server.delete_accepted, ledger.violations) == ("gone", True, [])


def test_a_server_without_a_delete_stays(live):
    _, _, server, _ = live([], CREATED, shown("ACTIVE"))
    assert (server.status, server.delete_sent) == ("ACTIVE", False)


def test_a_delete_is_repeated_until_it_is_taken(live):
    requests, pauses, server, ledger = live([("delete", 0.1)], CREATED, (503, {}), (204, {}), (404, {}))
    assert [method for method, _, _ in requests] == ["POST", "DELETE", "DELETE", "GET"]
    # As Retry-After says.
    assert pauses[1] == 2
    assert (server.status, ledger.violations) == ("gone", [])


def test_a_create_that_was_not_accepted_is_not_asked_again(live):
    requests, _, server, _ = live([("delete", 0.1)], (503, {}))
    assert len(requests) == 1
    assert server.created.status == 503


def test_a_server_that_vanishes_is_a_violation(live):
    _, _, _, ledger = live([("stop", 0.1)], CREATED, (404, {}))
    assert [sentence for sentence, _ in ledger.violations] == ["show (/servers/u-1) at api-1 answered 404: "]


def test_a_delete_that_was_given_up_is_asked_for_again(live):
    requests, _, server, _ = live([("delete", 0.1)], CREATED, (204, {}), shown("ERROR"), (204, {}), (404, {}))
    assert [method for method, _, _ in requests] == ["POST", "DELETE", "GET", "DELETE", "GET"]
    assert server.status == "gone"
