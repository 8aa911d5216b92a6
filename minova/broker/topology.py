# SPDX-License-Identifier: Apache-2.0
"""The methods of the classes `exchange` and `queue`: what a client asks a vhost to have."""

from pamqp import commands

from minova.broker import errors, reply_to
from minova.broker import method as methods

_WITHOUT_LINE_ENDS = str.maketrans("", "", "\r\n")


def exchange_declare(channel, method):
    method.exchange = _strip(method.exchange)
    if method.passive:
        channel.vhost.find_exchange_passively(method.exchange)
    else:
        channel.vhost.declare_exchange(
            method.exchange,
            method.exchange_type,
            durable=method.durable,
            auto_delete=method.auto_delete,
            internal=method.internal,
            arguments=method.arguments,
        )
    _reply(channel, method, commands.Exchange.DeclareOk())


def exchange_delete(channel, method):
    method.exchange = _strip(method.exchange)
    channel.vhost.delete_exchange(method.exchange, method.if_unused)
    _reply(channel, method, commands.Exchange.DeleteOk())


def exchange_bind(channel, method):
    channel.vhost.find_exchange_passively(method.source)  # the first to be missed, as on RabbitMQ
    destination = channel.vhost.find_exchange_passively(method.destination)
    channel.vhost.bind(method.source, destination, method.routing_key, method.arguments)
    _reply(channel, method, commands.Exchange.BindOk())


def exchange_unbind(channel, method):
    destination = channel.vhost.exchanges.get(method.destination)
    channel.vhost.unbind(method.source, destination, method.routing_key, method.arguments)
    _reply(channel, method, commands.Exchange.UnbindOk())


def queue_declare(channel, method):
    method.queue = _strip(method.queue)
    if method.queue.startswith(reply_to.QUEUE_NAME):
        _declare_reply_queue(channel, method)
        return
    if method.passive:
        queue = find_queue(channel, method.queue)
        queue.touch()
    else:
        queue = channel.vhost.declare_queue(
            method.queue,
            channel.connection,
            durable=method.durable,
            exclusive=method.exclusive,
            auto_delete=method.auto_delete,
            arguments=method.arguments,
        )
    channel.last_queue_name = queue.name
    if not method.nowait:
        answer = methods.encode_queue_declare_ok(channel.id, queue.name, len(queue), len(queue.consumers))
        channel.write_when_safe(answer)


def queue_bind(channel, method):
    channel.vhost.find_exchange_passively(method.exchange)  # the first to be missed, as on RabbitMQ
    queue = find_queue(channel, method.queue)
    channel.vhost.bind(method.exchange, queue, _routing_key(channel, method), method.arguments)
    _reply(channel, method, commands.Queue.BindOk())


def queue_unbind(channel, method):
    queue = channel.vhost.queues.get(method.queue or channel.last_queue_name)
    if queue is not None:
        find_queue(channel, method.queue)
    channel.vhost.unbind(method.exchange, queue, _routing_key(channel, method), method.arguments)
    channel.write_when_safe(methods.encode(channel.id, commands.Queue.UnbindOk()))


def queue_purge(channel, method):
    count = find_queue(channel, method.queue).purge()
    _reply(channel, method, commands.Queue.PurgeOk(count))


def queue_delete(channel, method):
    method.queue = _strip(method.queue)
    vhost = channel.vhost
    count = 0
    if (method.queue or channel.last_queue_name) in vhost.queues:
        queue = find_queue(channel, method.queue)
        _check_deletion(queue, method)
        count = vhost.delete_queue(queue)
    _reply(channel, method, commands.Queue.DeleteOk(count))


def find_queue(channel, name):
    """Return the queue of that name; an empty name means the one that the channel declared last.

    :raises errors.ChannelException: 404, 405
    """
    if not name and not channel.last_queue_name:
        raise errors.ChannelException(404, "no previously declared queue")
    return channel.vhost.find_queue(name or channel.last_queue_name, channel.connection)


def _declare_reply_queue(channel, method):
    """Answer whether somebody consumes replies; RabbitMQ's way to ask if a requester is still there."""
    name = method.queue
    if name != reply_to.QUEUE_NAME and name not in channel.vhost.reply_consumers:
        raise errors.not_found("queue", name, channel.vhost.name)
    channel.last_queue_name = name
    _reply(channel, method, commands.Queue.DeclareOk(name, 0, 1))


def _check_deletion(queue, method):
    if method.if_unused and queue.consumers:
        raise errors.precondition_failed(f"{queue.describe()} in use")
    if method.if_empty and len(queue):
        raise errors.precondition_failed(f"{queue.describe()} not empty")


def _routing_key(channel, method):
    # With neither queue nor key named, the queue's name is the key (AMQP 0-9-1 reference, queue.bind).
    if not method.queue and not method.routing_key:
        return channel.last_queue_name
    return method.routing_key


def _strip(name):
    return name.translate(_WITHOUT_LINE_ENDS)


def _reply(channel, method, answer):
    if not method.nowait:
        channel.write_when_safe(methods.encode(channel.id, answer))
