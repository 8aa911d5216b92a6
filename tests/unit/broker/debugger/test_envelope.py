# SPDX-License-Identifier: Apache-2.0
"""What the broker reads of a body, which anybody may have written."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minova.broker.debugger import envelope
from minova.broker.debugger.match import Match
from minova.broker.debugger.reader import Reader
from tests.unit.broker.debugger.bodies import UUID, body, instance, message

EVERYTHING = Match(method="*"), Match(server="*"), Match(host="*"), Match(kinds=envelope.KINDS)
_KEYS = st.sampled_from(
    [
        *("method", "args", "result", "failure", "ending", "_msg_id", "_unique_id", "namespace"),
        *("_context_sender", "_context_request_id", "instance_uuid", "instance_uuids", "oslo.message"),
        *("minova_object.name", "minova_object.data", "uuid", "display_name"),
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_request_is_read():
    found = envelope.read(
        body(
            method="build_instances",
            namespace="compute_task",
            args={"instances": [instance()], "spec": {"instance_uuids": ["u2", 3], "instance_uuid": None}},
            _unique_id="u",
            _context_sender="minova-api@vm",
            _context_request_id="req-1",
        ),
        "minova",
    )

    assert found == envelope.Envelope(
        "cast",
        method="build_instances",
        namespace="compute_task",
        sender="minova-api@vm",
        request_id="req-1",
        unique_id="u",
        servers=(UUID, "u2"),
        names=((UUID, "web-1"),),
    )


@pytest.mark.parametrize(
    "given_body",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"1" * 5000,
        b"[" * 100_000,
        b'{"oslo.message": ' * 5000,
        json.dumps({"oslo.message": "no json"}).encode(),
        json.dumps({"oslo.message": "[1]"}).encode(),
        json.dumps({"oslo.message": 7}).encode(),
        body(neither="method nor result"),
        b" " * (envelope.MAX_BODY_BYTES + 1),
    ],
)
def test_what_is_no_rpc_message_fits_no_rule_about_one(given_body):
    reading = Reader().read(message(given_body))

    assert reading.envelope is None
    assert not any(match.fits(reading) for match in EVERYTHING)


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
@example(body(method={}, args={"instance_uuids": [{}, [], None]}, _context_sender=[]))
@example(body(method=[], _msg_id={"a": 1}, args=[[[[[[[[[[]]]]]]]]]]))
def test_no_body_raises(given_body):
    _read_as_every_kind(given_body)


@given(st.dictionaries(_KEYS, _JSON))
def test_no_envelope_raises(content):
    _read_as_every_kind(body(**content))


def _read_as_every_kind(given_body):
    reader = Reader()
    for exchange in ("", "minova", "compute_fanout"):
        reading = reader.read(message(given_body, exchange=exchange))
        assert all(match.fits(reading) in (True, False) for match in EVERYTHING)
