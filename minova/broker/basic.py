# SPDX-License-Identifier: Apache-2.0
"""The methods of the classes `basic`, `confirm` and `tx`, but for publish and ack, which channel.py does itself."""

import base64
import uuid

from pamqp import commands

from minova.broker import errors, queue_arguments, reply_to
from minova.broker import method as methods
from minova.broker.topology import find_queue
from minova.broker.transaction import Transaction


def qos(channel, method):
    if method.prefetch_size:
        raise errors.not_implemented(f"prefetch_size!=0 ({method.prefetch_size})")
    # RabbitMQ's reading: without `global` the count is for each consumer to come, and ends the channel's own limit.
    if method.global_:
        channel.channel_prefetch = method.prefetch_count
    else:
        channel.consumer_prefetch = method.prefetch_count
        channel.channel_prefetch = 0
    channel.unpark_consumers()
    channel.send(commands.Basic.QosOk())


def consume(channel, method):
    tag = method.consumer_tag or _make_tag()
    if tag in channel.consumers:
        raise errors.ConnectionException(530, f"attempt to reuse consumer tag '{tag}'")
    if method.queue == reply_to.QUEUE_NAME:
        _consume_replies(channel, method, tag)
        return
    queue = find_queue(channel, method.queue)
    queue_arguments.check_consumer(method.arguments or {}, queue.describe())
    channel.add_consumer(tag, queue, method.no_ack, method.exclusive, method.arguments)
    if not method.nowait:
        channel.send(commands.Basic.ConsumeOk(tag))
    queue.start_consumer()


def cancel(channel, method):
    reply_consumer = channel.reply_consumer
    if reply_consumer is not None and reply_consumer.tag == method.consumer_tag:
        reply_consumer.close()
        channel.reply_consumer = None
    channel.remove_consumer(method.consumer_tag)
    if not method.nowait:
        channel.send(commands.Basic.CancelOk(method.consumer_tag))


def get(channel, method):
    channel.get(find_queue(channel, method.queue), method.no_ack)


def nack(channel, method):
    channel.take_answer(method.delivery_tag, method.multiple, "requeue" if method.requeue else "reject")


def reject(channel, method):
    channel.take_answer(method.delivery_tag, False, "requeue" if method.requeue else "reject")


def recover(channel, method):
    recover_async(channel, method)
    channel.send(commands.Basic.RecoverOk())


def recover_async(channel, method):
    if not method.requeue:
        raise errors.not_implemented("requeue=false")
    channel.settle(channel.deliveries.take_all(), "requeue")


def confirm_select(channel, method):
    if channel.transaction is not None:
        raise errors.precondition_failed("cannot switch from tx to confirm mode")
    channel.confirms = True
    if not method.nowait:
        channel.send(commands.Confirm.SelectOk())


def tx_select(channel, method):
    if channel.confirms:
        raise errors.precondition_failed("cannot switch from confirm to tx mode")
    if channel.transaction is None:
        channel.transaction = Transaction(channel)
    channel.send(commands.Tx.SelectOk())


def tx_commit(channel, method):
    _transaction(channel).commit()
    channel.write_when_safe(methods.encode(channel.id, commands.Tx.CommitOk()))


def tx_rollback(channel, method):
    channel.deliveries.put_back(_transaction(channel).rollback())
    channel.send(commands.Tx.RollbackOk())


def flow(channel, method):
    if not method.active:
        raise errors.not_implemented("active=false")
    channel.send(commands.Channel.FlowOk(True))


def _consume_replies(channel, method, tag):
    if not method.no_ack:
        raise errors.precondition_failed("reply consumer cannot acknowledge")
    if channel.reply_consumer is not None:
        raise errors.precondition_failed("reply consumer already set")
    channel.reply_consumer = reply_to.ReplyConsumer(tag, channel)
    if not method.nowait:
        channel.send(commands.Basic.ConsumeOk(tag))


def _transaction(channel):
    if channel.transaction is None:
        raise errors.precondition_failed("channel is not transactional")
    return channel.transaction


def _make_tag():
    return "amq.ctag-" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
