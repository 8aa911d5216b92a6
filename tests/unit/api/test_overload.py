# SPDX-License-Identifier: Apache-2.0
"""The bounded queue before the API's threads."""

import threading

import pytest

from minova.api import overload


class Request:
    error = None


class Channel:
    """What waitress hands to its threads: serving it waits for ``may_go``."""

    def __init__(self, may_go):
        self.requests = [Request()]
        self.begun = threading.Event()
        self.served = threading.Event()
        self._may_go = may_go

    def service(self):
        self.begun.set()
        if self.requests[0].error is None:
            assert self._may_go.wait(10)
        self.served.set()

    def cancel(self):
        pass


@pytest.fixture
def may_go():
    return threading.Event()


@pytest.fixture
def dispatcher(may_go):
    made = overload.Dispatcher()
    made.set_thread_count(1)
    yield made
    may_go.set()
    made.shutdown()


@pytest.fixture
def add(dispatcher, may_go):
    def add():
        channel = Channel(may_go)
        dispatcher.add_task(channel)
        return channel

    # The only thread is at work from here on.
    assert add().begun.wait(10)
    return add


def test_what_finds_no_room_is_refused_while_all_threads_are_at_work(add, conf, may_go):
    conf.config(group="api", max_waiting_requests=2)
    waiting = [add(), add()]

    refused = add()

    assert refused.served.wait(10)
    assert refused.requests[0].error.code == 503
    assert "2 requests wait already" in refused.requests[0].error.body
    may_go.set()
    assert all(channel.served.wait(10) for channel in waiting)
    assert [channel.requests[0].error for channel in waiting] == [None, None]


def test_what_waited_too_long_is_refused_and_the_younger_stays(add, conf, dispatcher, may_go):
    conf.config(group="api", max_waiting_seconds=60)
    old, young = add(), add()
    old.waits_since -= 61

    dispatcher.refuse_expired()

    assert old.served.wait(10)
    assert "no thread was free for 60 s" in old.requests[0].error.body
    may_go.set()
    assert young.served.wait(10)
    assert young.requests[0].error is None
