# SPDX-License-Identifier: Apache-2.0
"""The methods of the class `basic` and their like, but for publish and ack, which channel.py does itself."""

import base64
import uuid

from pamqp import commands

from minova.broker import errors
from minova.broker.topology import find_queue


def qos(channel, method):
    if method.prefetch_size:
        raise errors.not_implemented(f"prefetch_size!=0 ({method.prefetch_size})")
    # RabbitMQ's reading: without `global` the count is for each consumer to come, with it for the channel.
    if method.global_:
        channel.channel_prefetch = method.prefetch_count
        channel.unpark_consumers()
    else:
        channel.consumer_prefetch = method.prefetch_count
    channel.send(commands.Basic.QosOk())


def consume(channel, method):
    queue = find_queue(channel, method.queue)
    tag = method.consumer_tag or _make_tag()
    if tag in channel.consumers:
        raise errors.ConnectionException(530, f"attempt to reuse consumer tag '{tag}'")
    channel.add_consumer(tag, queue, method.no_ack, method.exclusive)
    if not method.nowait:
        channel.send(commands.Basic.ConsumeOk(tag))
    queue.start_consumer()


def cancel(channel, method):
    channel.remove_consumer(method.consumer_tag)
    if not method.nowait:
        channel.send(commands.Basic.CancelOk(method.consumer_tag))


def get(channel, method):
    channel.get(find_queue(channel, method.queue), method.no_ack)


def nack(channel, method):
    _refuse_deliveries(channel, channel.settle(method.delivery_tag, method.multiple), method.requeue)


def reject(channel, method):
    _refuse_deliveries(channel, channel.settle(method.delivery_tag, False), method.requeue)


def recover(channel, method):
    recover_async(channel, method)
    channel.send(commands.Basic.RecoverOk())


def recover_async(channel, method):
    if not method.requeue:
        raise errors.not_implemented("requeue=false")
    channel.requeue_unacked()
    channel.unpark_consumers()


def confirm_select(channel, method):
    channel.confirms = True
    if not method.nowait:
        channel.send(commands.Confirm.SelectOk())


def flow(channel, method):
    if not method.active:
        raise errors.not_implemented("active=false")
    channel.send(commands.Channel.FlowOk(True))


def _refuse_deliveries(channel, deliveries, requeue):
    if requeue:
        channel.requeue(deliveries)
    channel.unpark_after(deliveries)


def _make_tag():
    return "amq.ctag-" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
