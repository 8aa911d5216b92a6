# SPDX-License-Identifier: Apache-2.0
"""minova/network/api.py and rpcapi.py: what goes over the bus, and what does not."""

import collections

import oslo_messaging as messaging
import pytest

from minova import exception
from minova.network import api
from tests import records
from tests.fake_bus import FakeBus

_CONTEXT = records.make_context()
_LINKS = [{"network_id": "n", "address": "10.0.0.2"}]
_Network = collections.namedtuple("_Network", "id")
_NETWORKS = [_Network("oldest"), _Network("other")]


@pytest.fixture(autouse=True)
def _configuration(conf):
    conf.config(query_deadline=5, group="network")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def _allocate(bus, requested=("n",)):
    clock = Clock()
    network = api.API(bus, clock, clock.sleep)
    return network.allocate_for_instance(_CONTEXT, "i", 1, "demo", list(requested))


def _after(*errors):
    """What allocate_for_instance does: raise each error in turn, then answer."""
    outcomes = iter([*errors, _LINKS])

    def reply(**_arguments):
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return FakeBus({"allocate_for_instance": reply})


def test_allocation_is_one_call():
    bus = FakeBus({"allocate_for_instance": _LINKS})
    assert _allocate(bus) == _LINKS
    assert bus.sent() == [("call", "network", "allocate_for_instance")]
    assert bus.last("allocate_for_instance") == {
        "instance_uuid": "i",
        "attempt": 1,
        "project_id": "demo",
        "requested_networks": ["n"],
    }


def test_no_network_is_no_message():
    bus = FakeBus()
    assert _allocate(bus, []) == []
    assert bus.sent() == []


def test_deallocation_is_one_cast():
    bus = FakeBus()
    api.API(bus).deallocate_for_instance(_CONTEXT, "i", attempt=2)
    assert bus.sent() == [("cast", "network", "deallocate_for_instance")]
    assert bus.last("deallocate_for_instance") == {"instance_uuid": "i", "attempt": 2}


@pytest.mark.parametrize(
    "error", [exception.NetworkNotFound(network_id="n"), exception.NoMoreAddresses(network_id="n")]
)
def test_errors_that_are_expected_pass(error):
    with pytest.raises(type(error)):
        _allocate(FakeBus({"allocate_for_instance": error}))


@pytest.mark.parametrize(
    "error",
    [messaging.MessagingTimeout(), messaging.RemoteError("DBError"), messaging.MessageDeliveryFailure()],
)
def test_a_network_service_that_dies_is_asked_again(error):
    """A build went to another host, or failed where there was none, because the network service was restarted."""
    bus = _after(error, error)

    assert _allocate(bus) == _LINKS
    assert bus.sent() == [("call", "network", "allocate_for_instance")] * 3


@pytest.mark.parametrize("error", [messaging.RemoteError("DBError"), messaging.MessageDeliveryFailure()])
def test_a_failure_that_lasts_becomes_one_error(error):
    with pytest.raises(exception.ServiceUnavailable, match="could not allocate addresses for 5 s."):
        _allocate(_after(*[error] * 9))


def test_a_silence_that_lasts_becomes_an_error_that_a_user_understands(conf):
    conf.config(query_deadline=1, group="network")
    clock = Clock()

    def be_silent(**_arguments):
        clock.sleep(2)
        raise messaging.MessagingTimeout

    network = api.API(FakeBus({"allocate_for_instance": be_silent}), clock, clock.sleep)
    with pytest.raises(exception.ServiceUnavailable, match="The network service is silent for 2 s."):
        network.allocate_for_instance(_CONTEXT, "i", 1, "demo", ["n"])


@pytest.mark.parametrize(
    ("requested", "ids"),
    [
        (None, None),
        ("none", None),
        ([], None),
        ("auto", ["oldest"]),
        (["other"], ["other"]),
        (["other", "oldest"], ["other", "oldest"]),
    ],
)
def test_networks_that_may_be_requested(requested, ids):
    assert api.validate_networks(requested, _NETWORKS) == ids


def test_auto_is_no_network_where_there_is_none():
    assert api.validate_networks("auto", []) is None


@pytest.mark.parametrize(
    ("requested", "message"),
    [(["unknown"], "Network unknown could not be found."), (["other", "other"], "requested twice")],
)
def test_networks_that_may_not_be_requested(requested, message):
    with pytest.raises(exception.Invalid, match=message) as raised:
        api.validate_networks(requested, _NETWORKS)
    assert raised.value.code == 400
