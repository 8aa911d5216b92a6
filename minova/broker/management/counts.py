# SPDX-License-Identifier: Apache-2.0
"""What is counted, by kind of object, as dicts for rates.py."""

from minova.broker.stats import ChannelStats

_GAUGES = ("messages", "messages_ready", "messages_unacknowledged")


def of_all(broker):
    """Yield (object, function that returns its counts) for everything that is sampled."""
    yield broker, of_broker
    for vhost in list(broker.vhosts.values()):
        yield vhost, lambda sampled: of_vhost(broker, sampled)
        for exchange in list(vhost.exchanges.values()):
            yield exchange, of_exchange
        for queue in list(vhost.queues.values()):
            yield queue, of_queue
    for connection in list(broker.connections):
        yield connection, of_connection
        for channel in connection.channels:
            yield channel, of_channel


def of_queue(queue):
    return queue.stats.counts() | _queue_gauges([queue])


def of_channel(channel):
    return channel.stats.counts()


def of_exchange(exchange):
    return {"publish_in": exchange.publish_in, "publish_out": exchange.publish_out}


def of_connection(connection):
    return {"recv_oct": connection.received_octets, "send_oct": connection.sent_octets}


def of_vhost(broker, vhost):
    connections = [connection for connection in broker.connections if connection.vhost is vhost]
    total = ChannelStats()
    total.add(vhost.stats)
    for connection in connections:
        for channel in connection.channels:
            total.add(channel.stats)
    octets = {"recv_oct": 0, "send_oct": 0}
    for connection in connections:
        for name, count in of_connection(connection).items():
            octets[name] += count
    return total.counts() | _queue_gauges(vhost.queues.values()) | octets


def of_broker(broker):
    """What came and went."""
    churn = broker.churn.counts()
    for vhost in broker.vhosts.values():
        for name, count in vhost.churn.counts().items():
            churn[name] += count
    return churn


def total(all_detailed):
    """Add up what rates.py made of the counts of several objects of a kind."""
    added = {}
    for detailed in all_detailed:
        for key, value in detailed.items():
            if isinstance(value, dict):
                added[key] = {"rate": added.get(key, {"rate": 0.0})["rate"] + value["rate"]}
            else:
                added[key] = added.get(key, 0) + value
    return added


def split(detailed):
    """Split what rates.py made of counts into (message_stats, or {} where all are 0; gauges of messages; octets)."""
    stats, gauges, octets = {}, {}, {}
    for key, value in detailed.items():
        name = key.removesuffix("_details")
        if name in _GAUGES:
            gauges[key] = value
        elif name.endswith("_oct"):
            octets[key] = value
        else:
            stats[key] = value
    return (stats if any(type(value) is int and value for value in stats.values()) else {}), gauges, octets


def _queue_gauges(queues):
    ready = unacknowledged = 0
    for queue in queues:
        ready += len(queue)
        unacknowledged += queue.unacked_count
    return dict(zip(_GAUGES, (ready + unacknowledged, ready, unacknowledged), strict=True))
