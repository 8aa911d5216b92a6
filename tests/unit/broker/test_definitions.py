# SPDX-License-Identifier: Apache-2.0

import asyncio
import json

import pytest

from minova.broker import definitions
from minova.broker.access import Access
from minova.broker.server import Server, Settings

VHOST = {"name": "cloud"}
USER = {"name": "nova", "password": "s3cret", "tags": ["monitoring"]}
PERMISSION = {"user": "nova", "vhost": "cloud", "configure": "^a", "write": "", "read": ".*"}
QUEUE = {"name": "q", "vhost": "cloud", "durable": True, "arguments": {"x-expires": 60000}}
EXCHANGE = {"name": "x", "vhost": "cloud", "type": "topic", "durable": True}
BINDING = {
    "source": "x",
    "vhost": "cloud",
    "destination": "q",
    "destination_type": "queue",
    "routing_key": "a.#",
}


def document(**changes):
    return {
        "vhosts": [VHOST],
        "users": [USER],
        "permissions": [PERMISSION],
        "exchanges": [EXCHANGE],
        "queues": [QUEUE],
        "bindings": [BINDING],
    } | changes


def make_server(made):
    async def make():
        return Server(Settings(), definitions=made)

    return asyncio.run(make())


def test_users_come_with_tags_and_permissions():
    [user] = definitions.Definitions(document()).users
    assert Access([user]).authenticate("nova", "s3cret") is user
    assert user.tags == {"monitoring"}
    assert user.permissions == {"cloud": {"configure": "^a", "write": "", "read": ".*"}}


def test_tags_of_older_files_are_understood():
    made = definitions.Definitions(document(users=[USER | {"tags": "monitoring, policymaker"}]))
    assert made.users[0].tags == {"monitoring", "policymaker"}


def test_only_what_the_file_names_is_there():
    server = make_server(definitions.Definitions(document()))
    assert set(server.vhosts) == {"cloud"}
    assert set(server.access.users) == {"nova"}
    vhost = server.vhosts["cloud"]
    queue = vhost.queues["q"]
    assert queue.durable
    assert queue.arguments == {"x-expires": 60000}
    assert list(vhost.exchanges["x"].route("a.b")) == [queue]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"users": [{"tags": []}]}, r"\$.users\[0\]: does not keep to required"),
        ({"vhosts": "cloud"}, r"\$.vhosts: does not keep to type array"),
        ({"users": [{"name": "nova", "password": 5}]}, r"\$.users\[0\].password: .* type string"),
        ({"users": [{"name": "nova", "password_hash": "AAAA"}]}, "user 'nova': the password hash is not one"),
        ({"users": []}, "permissions of user 'nova' in vhost 'cloud': there is no such user"),
        ({"vhosts": []}, "permissions of user 'nova' in vhost 'cloud': there is no such vhost"),
        ({"permissions": [PERMISSION | {"read": "("}]}, "is not a regular expression"),
        ({"queues": [QUEUE | {"durable": "yes"}]}, r"\$.queues\[0\].durable: .* type boolean"),
    ],
)
def test_wrong_file_is_refused_with_the_place(changes, says):
    with pytest.raises(definitions.DefinitionsError, match=says):
        definitions.Definitions(document(**changes))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"queues": [QUEUE | {"vhost": "nope"}]}, "queues: vhost 'nope' is not one of the vhosts"),
        ({"queues": [QUEUE | {"arguments": {"x-expires": -1}}]}, "queues: invalid arg 'x-expires'"),
        ({"exchanges": [EXCHANGE | {"type": "odd"}]}, "exchanges: unknown exchange type 'odd'"),
        ({"queues": []}, "bindings: no queue 'q' in vhost 'cloud'"),
    ],
)
def test_what_cannot_be_declared_is_refused(changes, says):
    with pytest.raises(definitions.DefinitionsError, match=says):
        make_server(definitions.Definitions(document(**changes)))


def test_passwords_do_not_show_in_the_error():
    with pytest.raises(definitions.DefinitionsError) as caught:
        definitions.Definitions(document(users=[{"name": 1, "password": "s3cret"}]))
    assert "s3cret" not in str(caught.value)


def test_file_is_named_in_its_error(tmp_path):
    path = tmp_path / "definitions.json"
    with pytest.raises(definitions.DefinitionsError, match="definitions.json: .*No such file"):
        definitions.read(path)
    path.write_text("{")
    with pytest.raises(definitions.DefinitionsError, match="definitions.json: Expecting"):
        definitions.read(path)
    path.write_text(json.dumps(document()))
    assert definitions.read(path).vhosts == ("cloud",)
