# SPDX-License-Identifier: Apache-2.0
"""The measurements, one function each: it takes a running deployment, and adds figures to the report."""

import dataclasses
import statistics
import time

from minova.bench import accounting, client, clients, floor, messages
from minova.bench.figures import Figure, percentile, ratio

LONE_POLL_SECONDS = 0.005
LONE_BOOTS_MOST = 50
MOST_ROUNDS = 6
# The end of a round, when some clients have nothing left to do, must not weigh much.
ROUND_BOOTS_OF_A_CLIENT = 5
GET_SECONDS = 3
# What the aims speak of.
SERVERS_IN_DETAIL = 200
BURST = 200
BURST_SECONDS = 120
MESSAGE_BOOTS = 5
# A simulated host holds 256 of the smallest servers.
ONE_HOST_BOOTS_MOST = 200


@dataclasses.dataclass
class Bench:
    """What the measurements share."""

    deployment: object
    report: object
    clients: int
    boots: int
    body: dict
    # Ids of servers that were booted and may be deleted.
    uuids: list = dataclasses.field(default_factory=list)

    def add(self, name, value, note=""):
        self.report.figures.append(Figure(name, value, note))

    def run(self, tasks, meter=None):
        return clients.run(self.deployment.address, tasks, meter)

    def boot(self, count, number_of_clients=None, meter=None, **options):
        """Boot ``count`` servers by all clients together; see client.boot_many()."""
        with clients.tickets(count) as tickets:
            task = {"work": "boot", "body": self.body, "tickets": tickets, **options}
            outcome = self.run([task] * (number_of_clients or self.clients), meter)
        self.uuids += outcome.joined("uuids")
        return outcome

    def meter(self):
        return accounting.CpuMeter({**self.deployment.members(), **self.deployment.servers()})

    def note_cpu(self, operation, name, meter, outcomes, operations):
        """Add CPU per operation: the sum as a figure, each process in the table."""
        if not accounting.supported():
            return
        by_process = meter.milliseconds_each(operations)
        self.add(name, sum(by_process.values()))
        client_ms = sum(outcome.cpu_seconds for outcome in outcomes) * 1000 / operations
        self.report.cpu_ms[operation] = {**by_process, "clients": client_ms}

    def own_client(self):
        return client.Client(*self.deployment.address)


def server_body(deployment):
    """The body of a POST for a server of the smallest flavor and the first image."""
    api = client.Client(*deployment.address).connection
    flavor = min(api.get_json("/flavors/detail")["flavors"], key=lambda flavor: flavor["ram"])
    images = api.get_json("/images")["images"]
    server = {"name": "bench", "flavorRef": flavor["id"], "imageRef": images[0]["id"] if images else ""}
    return {"server": server}


def first_active(bench, name):
    """From the launch of `minova up`, which the deployment noted, to the first ACTIVE server."""
    uuid, seconds = bench.own_client().boot(bench.body, LONE_POLL_SECONDS)
    if seconds is None:
        bench.report.remarks.append(f"The first server did not become ACTIVE: {uuid}.")
        return
    bench.uuids.append(uuid)
    bench.add(name, time.perf_counter() - bench.deployment.launched)


def lone(bench):
    """Boots one after the other, by one client."""
    count = min(bench.boots, LONE_BOOTS_MOST)
    outcome = bench.boot(count, number_of_clients=1, poll_seconds=LONE_POLL_SECONDS)
    milliseconds = [seconds * 1000 for seconds in outcome.joined("seconds") if seconds is not None]
    if len(milliseconds) < count:
        bench.report.remarks.append(f"{count - len(milliseconds)} of {count} lone boots failed.")
    if milliseconds:
        bench.add("lone", statistics.median(milliseconds), f"{count} boots")
        bench.add("lone_p90", percentile(milliseconds, 90))


def boots(bench, a_floor=None):
    """Boots by many clients, in rounds that take turns with the floor, so that both meet the same machine."""
    meter, floor_meter = bench.meter(), None
    outcomes, floor_seconds = [], 0.0
    if a_floor:
        floor_meter = accounting.CpuMeter({**a_floor.members(), **_broker(bench.deployment)})
    for count in _shares(bench.boots, _rounds(bench)):
        if a_floor:
            with floor_meter:
                floor_seconds += a_floor.run(count)
        outcomes.append(bench.boot(count, meter=meter))
    _add_boots(bench, meter, outcomes)
    if a_floor:
        _add_floor(bench, floor_meter, floor_seconds)


def floor_alone(bench, a_floor):
    """The floor without minova's boots beside it."""
    meter = accounting.CpuMeter({**a_floor.members(), **_broker(bench.deployment)})
    with meter:
        seconds = a_floor.run(bench.boots)
    _add_floor(bench, meter, seconds)


def one_host(bench):
    """The same boots on a minova with one host."""
    count = min(bench.boots, ONE_HOST_BOOTS_MOST)
    outcome = bench.boot(count)
    active = sum(seconds is not None for seconds in outcome.joined("seconds"))
    bench.add("one_host", active / outcome.wall_seconds, f"{count} boots, {bench.clients} clients")


def show(bench):
    """One server, asked for again and again by all clients."""
    if not bench.uuids:
        bench.uuids.append(bench.own_client().boot(bench.body)[0])
    _gets(bench, "show", f"/servers/{bench.uuids[0]}")


def detail(bench):
    """A list of 200 servers with details."""
    api = bench.own_client()
    have = len(api.connection.get_json(f"/servers?limit={SERVERS_IN_DETAIL}")["servers"])
    if have < SERVERS_IN_DETAIL:
        _boot_together(bench, api, SERVERS_IN_DETAIL - have)
    _gets(bench, "detail", f"/servers/detail?limit={SERVERS_IN_DETAIL}")


def deletes(bench):
    """Delete servers and wait until each is gone."""
    if not bench.uuids:
        bench.boot(bench.boots)
    uuids, bench.uuids = bench.uuids[-bench.boots :], bench.uuids[: -bench.boots]
    tasks = [
        {"work": "delete", "uuids": uuids[number :: bench.clients]}
        for number in range(min(bench.clients, len(uuids)))
    ]
    meter = bench.meter()
    outcome = bench.run(tasks, meter)
    gone = sum(seconds is not None for seconds in outcome.joined("seconds"))
    bench.add("deletes", gone / outcome.wall_seconds, f"{len(uuids)} deletes, {bench.clients} clients")
    bench.note_cpu("delete", "deletes_cpu", meter, [outcome], len(uuids))


def burst(bench):
    """200 creates at the same moment, each on a connection of its own."""
    outcome = bench.run([{"work": "post", "count": BURST, "body": bench.body}])
    begin = min(result["begin"] for result in outcome.results)
    uuids = set(outcome.joined("uuids"))
    active = _wait_all_active(bench, uuids)
    bench.add("burst", time.time() - begin)
    refused = outcome.joined("failures")
    note = f"{len(refused)} refused: {refused[0][:100]}" if refused else ""
    bench.add("burst_failed", BURST - len(active), note)


def memory(bench):
    """Of minova's own processes; those of a broker and a database that were there before are listed beside."""
    if not accounting.supported():
        bench.report.remarks.append("Memory is not measured: there is no /proc.")
        return
    own = accounting.memory(bench.deployment.members())
    total = sum(own.values(), start=accounting.Memory())
    bench.report.memory = {**own, "together": total, **accounting.memory(bench.deployment.servers())}
    bench.add("memory_rss", total.rss_bytes / 1e6, f"{total.processes} processes")
    bench.add("memory_pss", total.pss_bytes / 1e6)


def further_hosts_memory(bench, few_hosts, few_pss_bytes):
    """What a host more costs, of the difference to a deployment with few."""
    own = accounting.memory(bench.deployment.members())
    more_bytes = sum(own.values(), start=accounting.Memory()).pss_bytes - few_pss_bytes
    hosts = bench.deployment.hosts - few_hosts
    bench.add("host_memory", more_bytes / 1e6 / hosts, f"{few_hosts} and {bench.deployment.hosts} hosts")


def own_pss_bytes(deployment):
    return sum(one.pss_bytes for one in accounting.memory(deployment.members()).values())


def count_messages(bench):
    """On the wire, by the broker's firehose, in boots of their own: copying messages costs time."""
    with messages.Counter(bench.deployment.transport_url) as counter:
        if not counter.is_on:
            bench.report.remarks.append(
                "Messages are not counted: the broker does not trace. On RabbitMQ: rabbitmqctl trace_on -p VHOST, "
                "then --only messages."
            )
            return
        boots_ = [_messages_of_a_boot(bench, counter) for _ in range(MESSAGE_BOOTS)]
    bench.add("messages", statistics.mean(len(boot) for boot in boots_), f"{len(boots_)} boots")
    sizes = [sum(message.size_bytes for message in boot) / 1000 for boot in boots_]
    bench.add("message_bytes", statistics.mean(sizes))


def _messages_of_a_boot(bench, counter):
    uuid, _ = bench.own_client().boot(bench.body)
    bench.uuids.append(uuid)
    return counter.about(uuid)


def _add_boots(bench, meter, outcomes):
    seconds = [value for outcome in outcomes for value in outcome.joined("seconds")]
    active = [value * 1000 for value in seconds if value is not None]
    wall_seconds = sum(outcome.wall_seconds for outcome in outcomes)
    polls = sum(outcome.polls for outcome in outcomes) / len(seconds)
    bench.add("boots", len(active) / wall_seconds, f"{len(seconds)} boots, {bench.clients} clients")
    if active:
        bench.add("boots_p50", statistics.median(active), f"{polls:.1f} looks per boot")
        bench.add("boots_p90", percentile(active, 90))
    bench.add("boots_failed", len(seconds) - len(active))
    bench.note_cpu("boot", "boots_cpu", meter, outcomes, len(seconds))
    if accounting.supported():
        bench.add("boots_client_cpu", bench.report.cpu_ms["boot"]["clients"])


def _add_floor(bench, meter, seconds):
    floor_rate = bench.boots / seconds
    bench.add("floor", floor_rate, f"{floor.MESSAGES_PER_BOOT} messages, {bench.clients} at a time")
    found = {figure.name: figure.value for figure in bench.report.figures}
    if accounting.supported():
        by_process = meter.milliseconds_each(bench.boots)
        bench.report.cpu_ms["floor"] = by_process
        bench.add("floor_cpu", sum(by_process.values()))
        if "boots_cpu" in found:
            bench.add("cpu_ratio", ratio(sum(by_process.values()), found["boots_cpu"]))
    if "boots" in found:
        bench.add("ratio", found["boots"] / floor_rate)


def _rounds(bench):
    return max(1, min(MOST_ROUNDS, bench.boots // (ROUND_BOOTS_OF_A_CLIENT * bench.clients)))


def _shares(total, parts):
    """``total`` in numbers that differ by one at most; none is 0."""
    shares = [total // parts + (number < total % parts) for number in range(parts)]
    return [share for share in shares if share]


def _broker(deployment):
    """The process of the broker, whoever started it: it works for the floor, too."""
    everything = {**deployment.members(), **deployment.servers()}
    return {name: member for name, member in everything.items() if name in ("broker", "RabbitMQ")}


def _gets(bench, name, path):
    meter = bench.meter()
    task = {"work": "get", "path": path, "for_seconds": GET_SECONDS}
    outcome = bench.run([task] * bench.clients, meter)
    count = outcome.total("count")
    bench.add(name, count / outcome.wall_seconds, f"{bench.clients} clients")
    bench.note_cpu(name, f"{name}_cpu", meter, [outcome], count)


def _boot_together(bench, api, count):
    """Servers of one request."""
    server = {**bench.body["server"], "min_count": count, "max_count": count}
    api.create({"server": server})
    deadline = time.monotonic() + BURST_SECONDS
    while time.monotonic() < deadline and _settled(api)[1]:
        time.sleep(0.1)


def _wait_all_active(bench, uuids):
    """Those of ``uuids`` that became ACTIVE, when all have settled or it takes too long."""
    api = bench.own_client()
    deadline = time.monotonic() + BURST_SECONDS
    while True:
        active, building = _settled(api)
        if not uuids & building or time.monotonic() > deadline:
            return uuids & active
        time.sleep(0.05)


def _settled(api):
    """(ids of the ACTIVE, ids of those being built), the latter looked for first: they only become fewer."""
    found = []
    for status in ("BUILD", "ACTIVE"):
        servers = api.connection.get_json(f"/servers?status={status}")["servers"]
        found.append({server["id"] for server in servers})
    return found[1], found[0]
