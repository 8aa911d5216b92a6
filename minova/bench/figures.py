# SPDX-License-Identifier: Apache-2.0
"""The figures that are reported: what each is called, what it aims at, and what real Nova reached.

Nova's are of Nova 34 with its own fake driver, placement, MariaDB and RabbitMQ on a machine of the same size.
"""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Kind:
    """One figure before it is measured."""

    title: str
    unit: str
    nova: str = ""
    at_most: float | None = None
    at_least: float | None = None


@dataclasses.dataclass(frozen=True)
class Figure:
    """One figure as it was measured."""

    name: str
    value: float
    # What a reader has to know beside the value.
    note: str = ""

    @property
    def kind(self):
        return KINDS[self.name]

    @property
    def reached(self):
        """Whether the aim is reached; None where there is no aim."""
        if self.kind.at_most is not None:
            return self.value <= self.kind.at_most
        if self.kind.at_least is not None:
            return self.value >= self.kind.at_least
        return None


def _reconnect_kinds(outage, seconds, at_most):
    """:param at_most: the aim for what comes within a second."""
    kinds = {}
    for kind, whose in (("stock", "stock"), ("minova", "minova's")):
        name, after = f"reconnect_{outage}_{kind}", f"after {seconds} away, {whose}:"
        kinds[f"{name}_tenth"] = Kind(f"{after} most in 0.1 s", "")
        kinds[f"{name}_second"] = Kind(
            f"{after} most in 1 s", "", at_most=at_most if kind == "minova" else None
        )
        kinds[f"{name}_all"] = Kind(f"{after} all are back in", "s")
    return kinds


KINDS = {
    "start_fresh": Kind("start to first ACTIVE, new state path", "s", "11 to 30", at_most=4),
    "start_again": Kind("start to first ACTIVE, second start", "s", "11 to 30", at_most=4),
    "lone": Kind("lone boot, median", "ms", "500 to 560", at_most=60),
    "lone_p90": Kind("lone boot, 90th percentile", "ms"),
    "boots": Kind("boots per second", "1/s", "1.38", at_least=100),
    "boots_p50": Kind("boot under this load, median", "ms"),
    "boots_p90": Kind("boot under this load, 90th percentile", "ms"),
    "boots_cpu": Kind("CPU per boot, minova and its servers", "ms", "1000 to 2000"),
    "boots_client_cpu": Kind("CPU per boot, clients", "ms"),
    "boots_failed": Kind("boots that did not end ACTIVE", "", at_most=0),
    "floor": Kind("floor: boots per second", "1/s"),
    "floor_cpu": Kind("floor: CPU per boot", "ms"),
    "ratio": Kind("minova / floor, boots per second", "", at_least=0.4),
    "cpu_ratio": Kind("floor / minova, CPU per boot", ""),
    "one_host": Kind("boots per second on one host", "1/s", "0.62"),
    "show": Kind("GET /servers/{id} per second", "1/s", "27 to 55", at_least=800),
    "show_cpu": Kind("CPU per GET /servers/{id}", "ms"),
    "detail": Kind("GET /servers/detail of 200 per second", "1/s", "1.3 to 1.5", at_least=40),
    "detail_cpu": Kind("CPU per GET /servers/detail of 200", "ms"),
    "deletes": Kind("deletes per second", "1/s", "3.5"),
    "deletes_cpu": Kind("CPU per delete", "ms"),
    "messages": Kind("messages of one boot", "", "29", at_most=8),
    "message_bytes": Kind("bytes of these messages", "KB", "97"),
    "burst": Kind("burst of 200 creates: all ACTIVE after", "s"),
    "burst_failed": Kind("burst of 200 creates: not ACTIVE", "", at_most=0),
    "memory_rss": Kind("memory of all processes, RSS", "MB", "1570", at_most=400),
    "memory_pss": Kind("memory of all processes, PSS", "MB"),
    "host_memory": Kind("memory of each further host, PSS", "MB", "120"),
    "broker_call": Kind("broker CPU per call, embedded", "ms"),
    "rabbitmq_call": Kind("broker CPU per call, RabbitMQ", "ms"),
    "broker_call_ratio": Kind("broker CPU per call, embedded / RabbitMQ", "", at_most=1),
    "broker_calls": Kind("calls per second, embedded", "1/s"),
    "rabbitmq_calls": Kind("calls per second, RabbitMQ", "1/s"),
    "broker_cast": Kind("broker CPU per cast, embedded", "ms"),
    "rabbitmq_cast": Kind("broker CPU per cast, RabbitMQ", "ms"),
    "broker_cast_ratio": Kind("broker CPU per cast, embedded / RabbitMQ", "", at_most=1),
    "broker_casts": Kind("casts per second, embedded", "1/s"),
    "rabbitmq_casts": Kind("casts per second, RabbitMQ", "1/s"),
    "broker_idle": Kind("broker CPU per idle second, embedded", "ms"),
    "trace_off": Kind("broker CPU per boot, without a tracer", "ms"),
    "trace_publish": Kind("broker CPU per boot, publish.# traced", "ms"),
    "trace_all": Kind("broker CPU per boot, deliver.# too", "ms"),
    "trace_publish_ratio": Kind("broker CPU, publish.# traced / not", "", at_most=1.3),
    "trace_all_ratio": Kind("broker CPU, deliver.# too / not", "", at_most=1.3),
    "trace_services_ratio": Kind("CPU of services, all traced / not", "", at_most=1.1),
    "terminal_sent": Kind("messages sent", ""),
    "terminal_shown": Kind("messages that a live trace shows", ""),
    "terminal_missing": Kind("messages that it leaves out", "", at_most=0),
    "terminal_lag": Kind("its last line after the last message", "s", at_most=1),
    "terminal_cpu": Kind("its share of a processor", "%"),
    "rabbitmq_idle": Kind("broker CPU per idle second, RabbitMQ", "ms"),
    **_reconnect_kinds("short", "5 s", at_most=500),
    **_reconnect_kinds("long", "20 s", at_most=250),
}


def percentile(values, percent):
    """The value below which ``percent`` of the values lie, between two of them by their distance."""
    if len(values) == 1:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def ratio(value, other):
    """0 where there is nothing to compare with."""
    return value / other if other else 0.0
