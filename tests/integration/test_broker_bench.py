# SPDX-License-Identifier: Apache-2.0
"""`minova bench --only broker` against a real RabbitMQ, with short turns: nothing here is about time."""

import pytest

from minova.bench import accounting, brokers
from minova.bench.report import Report
from tests import real_servers


@pytest.mark.skipif(not accounting.supported(), reason="there is no /proc")
def test_both_brokers_are_measured_and_rabbitmq_is_left_as_it_was(rabbitmq_url, tmp_path):
    if brokers.rabbitmq_member(rabbitmq_url) is None:
        pytest.skip("the RabbitMQ does not run on this machine")
    virtual_host = rabbitmq_url.rpartition("/")[2]
    before = _declared(virtual_host)
    report = Report({})

    brokers.compare(report, rabbitmq_url, threads=2, directory=str(tmp_path), turn_seconds=0.5, rounds=2)

    found = {figure.name: figure.value for figure in report.figures}
    assert all(
        found[f"{broker}_{work}"] > 0 for broker in ("broker", "rabbitmq") for work in ("call", "cast")
    )
    assert found["broker_call_ratio"] == pytest.approx(found["broker_call"] / found["rabbitmq_call"])
    assert report.remarks == []
    assert _declared(virtual_host) == before


def _declared(virtual_host):
    """Names of the queues and exchanges."""
    return [
        sorted(real_servers.rabbitmqctl(what, "-p", virtual_host, "--no-table-headers", "name").split())
        for what in ("list_queues", "list_exchanges")
    ]
