# SPDX-License-Identifier: Apache-2.0
"""Which processes make a minova."""

import pytest

from minova.up import plan
from minova.up.settings import Settings


def arguments(settings, service):
    """What a service is told beside its configuration file."""
    (command,) = [command for command in plan.commands(settings) if command.service == service]
    return command.argv[3:]


def test_one_process_of_each_service_by_default():
    services = [command.service for command in plan.commands(Settings("/nowhere"))]
    assert services == ["broker", "db sync", "conductor", "scheduler", "network", "compute", "api", "page"]


def test_no_page_where_none_is_wanted():
    services = [command.service for command in plan.commands(Settings("/nowhere", page_port=None))]
    assert "page" not in services


@pytest.mark.parametrize(("hosts", "count"), [(2, 2), (3, 2), (10, 3), (7, 7)])
def test_processes_of_compute_share_all_hosts(hosts, count):
    settings = Settings("/nowhere", hosts=hosts, processes={"compute": count})
    seen = []
    for number in range(1, count + 1):
        _, size, *first = arguments(settings, f"compute-{number}")
        begin = int(first[1]) if first else 1
        seen += range(begin, begin + int(size))
    assert seen == list(range(1, hosts + 1))


def test_several_controllers_have_names_of_their_own():
    settings = Settings("/nowhere", processes={"scheduler": 2})
    assert arguments(settings, "scheduler-1") == ("--host", "controller1")
    assert arguments(settings, "scheduler-2") == ("--host", "controller2")


def test_each_process_of_the_api_has_its_port():
    settings = Settings("/nowhere", api_port=1, processes={"api": 2}, further_api_ports=(2,))
    ports = [c.environment for c in plan.commands(settings) if c.service.startswith("api")]
    assert ports == [{"OS_API__PORT": "1"}, {"OS_API__PORT": "2"}]
    assert plan.api_urls(settings) == {"api-1": "http://127.0.0.1:1", "api-2": "http://127.0.0.1:2"}


def test_several_of_a_kind_stop_together():
    assert plan.turn_to_stop("conductor-2") == plan.turn_to_stop("conductor")
