# SPDX-License-Identifier: Apache-2.0
"""`minova server`, against an API of the test's own: what it asks for, prints and exits with."""

import pytest

from minova.up import errors, server_command


class FakeApi:
    """Servers by id; each request to change one is done at once."""

    def __init__(self):
        self.servers = {}
        self.sent = []
        # What becomes of a server that is created.
        self.outcome = {"status": "ACTIVE", "OS-EXT-SRV-ATTR:host": "host1"}

    def get(self, path):
        if path.startswith("/servers/detail"):
            return {"servers": list(self.servers.values())}
        return {
            "/flavors/detail": {"flavors": [{"id": "42", "name": "m1.nano", "ram": 64}]},
            "/flavors": {"flavors": [{"id": "42", "name": "m1.nano"}, {"id": "1", "name": "m1.tiny"}]},
            "/images": {"images": [{"id": "image"}]},
        }[path]

    def send(self, method, path, body=None):
        self.sent.append((method, path, body))
        if path == "/servers":
            self.servers["id-1"] = {"id": "id-1", "name": body["server"]["name"], **self.outcome}
            return {"x-openstack-request-id": "req-1"}, {"server": {"id": "id-1"}}
        if method == "DELETE":
            del self.servers[path.removeprefix("/servers/")]
        return {}, None


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def run(api):
    return lambda *arguments: server_command.do(api, server_command.parser().parse_args(arguments))


def test_create_asks_for_the_smallest_flavor_and_says_where_it_landed(run, api, capsys):
    assert run("create", "web-1", "--metadata", "minova:spawn_seconds=1", "--wait") == 0
    wanted = {
        "name": "web-1",
        "flavorRef": "42",
        "imageRef": "image",
        "metadata": {"minova:spawn_seconds": "1"},
    }
    assert api.sent == [("POST", "/servers", {"server": wanted})]
    assert capsys.readouterr().out.splitlines() == [
        "req-1 web-1",
        "web-1          ACTIVE   -              host1",
    ]


def test_a_flavor_is_named_or_refused(run, api):
    assert run("create", "web-1", "--flavor", "m1.tiny") == 0
    assert api.sent[0][2]["server"]["flavorRef"] == "1"
    with pytest.raises(errors.UpError, match="There is no flavor m1.none."):
        run("create", "web-2", "--flavor", "m1.none")


def test_a_server_that_failed_says_why_and_is_a_failure(run, api, capsys):
    api.outcome = {"status": "ERROR", "fault": {"message": "No valid host was found."}}
    assert run("create", "web-1", "--wait") == 1
    assert capsys.readouterr().out.splitlines()[1].endswith("No valid host was found.")


def test_to_wait_for_an_error_that_comes_is_no_failure(run, api):
    api.outcome = {"status": "ERROR"}
    run("create", "web-1")
    assert run("wait", "web-1", "ERROR") == 0
    assert run("wait", "web-1", "error") == 0


def test_a_task_state_can_be_waited_for(run, api, capsys):
    api.outcome = {"status": "BUILD", "OS-EXT-STS:task_state": "spawning"}
    run("create", "web-1")
    for state in ("spawning", "SPAWNING"):
        assert run("wait", "web-1", state) == 0
        assert "BUILD    spawning" in capsys.readouterr().out


def test_what_does_not_come_is_not_waited_for_longer_than_asked(run, api):
    api.outcome = {"status": "BUILD", "OS-EXT-STS:task_state": "scheduling"}
    with pytest.raises(errors.UpError, match="not ACTIVE or ERROR in time: it is BUILD, scheduling"):
        run("create", "web-1", "--wait", "--timeout", "0.1")


def test_delete_waits_until_the_server_is_gone(run, api, capsys):
    run("create", "web-1")
    assert run("delete", "web-1", "--wait") == 0
    assert api.sent[-1] == ("DELETE", "/servers/id-1", None)
    assert "gone" in capsys.readouterr().out


def test_an_action_is_sent_as_the_api_wants_it(run, api):
    run("create", "web-1")
    assert run("stop", "web-1") == 0
    assert api.sent[-1] == ("POST", "/servers/id-1/action", {"os-stop": None})


@pytest.mark.parametrize(("options", "kind"), [((), "SOFT"), (("--hard",), "HARD")])
def test_a_reboot_is_soft_or_hard(run, api, options, kind):
    """minova explain advised a hard reboot, which minova could not ask for."""
    run("create", "web-1")
    assert run("reboot", "web-1", *options) == 0
    assert api.sent[-1] == ("POST", "/servers/id-1/action", {"reboot": {"type": kind}})


def test_a_server_that_there_is_not_is_refused(run):
    with pytest.raises(errors.UpError, match="There is no server web-1."):
        run("delete", "web-1")


def test_evacuate_asks_for_another_host_and_waits_for_the_end(run, api, capsys):
    api.outcome = {"status": "SHUTOFF", "OS-EXT-SRV-ATTR:host": "host2"}
    run("create", "web-1")
    assert run("evacuate", "web-1", "--wait") == 0
    assert api.sent[1] == ("POST", "/servers/id-1/action", {"evacuate": {"onSharedStorage": False}})
    assert capsys.readouterr().out.splitlines()[1].split() == ["web-1", "SHUTOFF", "-", "host2"]
