# SPDX-License-Identifier: Apache-2.0
"""Ports that are free, and those that are not."""

import os
import socket

import pytest

from minova.up import errors, ports


@pytest.fixture
def free_ports():
    with ports.FreePorts() as free_ports:
        yield free_ports


def test_a_free_port_can_be_listened_on(free_ports):
    port = free_ports.find("127.0.0.1")
    ports.check_free([("127.0.0.1", port, "--api-port")])


def test_a_preferred_port_is_taken_if_it_is_free(free_ports):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_ports.find("127.0.0.1", port) != port
    assert free_ports.find("127.0.0.1", port) == port


def test_two_who_look_for_ports_are_not_given_the_same(free_ports):
    # Two minova up that were started together met on one port, and one of them gave up.
    with ports.FreePorts() as others:
        port = others.find("127.0.0.1")
        assert free_ports.find("127.0.0.1", port) != port
    assert free_ports.find("127.0.0.1", port) == port


def test_no_more_ports_are_held_than_a_process_may_have_open(free_ports):
    first = free_ports.find("127.0.0.1")
    for _ in range(100):
        free_ports.find("127.0.0.1")
    with ports.FreePorts() as others:
        assert others.find("127.0.0.1", first) == first


@pytest.mark.skipif(not os.path.exists("/proc/sys/net"), reason="only Linux tells which ports are ephemeral")
def test_a_free_port_is_none_that_connections_get(free_ports):
    # A client that tried to reach a broker which was down was given the broker's port and met itself, and the broker
    # could not listen any more.
    with open("/proc/sys/net/ipv4/ip_local_port_range") as text:
        first = int(text.read().split()[0])
    assert all(1024 <= free_ports.find("127.0.0.1") < first for _ in range(20))


def test_every_taken_port_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = [(*one.getsockname(), "--api-port"), (*two.getsockname(), "--broker-port")]
        with pytest.raises(errors.UpError) as told:
            ports.check_free(taken)
    assert "--api-port" in str(told.value)
    assert "--broker-port" in str(told.value)


def test_the_owner_of_a_port_is_found(free_ports):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert ports.owner(taken.getsockname()[1]) == os.getpid()
    assert ports.owner(free_ports.find("127.0.0.1")) is None


def test_an_address_that_is_not_ours_is_told():
    with pytest.raises(errors.UpError, match="cannot be listened on"):
        ports.check_free([("192.0.2.1", 8774, "--api-port")])


def test_one_of_several_brokers_is_enough():
    with socket.create_server(("127.0.0.1", 0)) as broker:
        ports.check_answers([("127.0.0.1", 1), broker.getsockname()])
    with pytest.raises(errors.UpError, match=r"127.0.0.1:1 \(Connection refused\)"):
        ports.check_answers([("127.0.0.1", 1)])
